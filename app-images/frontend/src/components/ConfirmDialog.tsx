import { useEffect, useId, useRef, useState, type ReactNode } from "react";
import { ErrorNotice } from "./ErrorNotice";

interface Props {
  title: string;
  children: ReactNode;
  /** The word on the button that does it. */
  action: string;
  /** Does it; the dialog stays open and shows the error when that fails. */
  onConfirm: () => Promise<void>;
  onCancel: () => void;
}

/** Asks before something that can't be taken back. The browser's own dialog keeps the focus inside. */
export function ConfirmDialog({ title, children, action, onConfirm, onCancel }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);

  async function confirm() {
    setBusy(true);
    setError(null);
    try {
      await onConfirm();
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  }

  return (
    <dialog
      ref={dialog}
      className="dialog"
      aria-labelledby={heading}
      onCancel={(event) => {
        event.preventDefault();
        onCancel();
      }}
    >
      <h2 id={heading}>{title}</h2>
      {children}
      {error !== null && <ErrorNotice error={error} />}
      <div className="dialog-actions">
        {/* The harmless one comes first: it has the focus when the dialog opens. */}
        <button type="button" className="button" onClick={onCancel} disabled={busy}>
          Cancel
        </button>
        <button type="button" className="button button-danger" onClick={() => void confirm()} disabled={busy}>
          {busy ? "Deleting…" : action}
        </button>
      </div>
    </dialog>
  );
}
