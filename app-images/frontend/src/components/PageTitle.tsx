import { useEffect, useRef, type ReactNode } from "react";

interface Props {
  title: string;
  children?: ReactNode;
}

/** The page's heading. It takes the focus when the page opens, so that a screen reader starts there. */
export function PageTitle({ title, children }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    window.scrollTo(0, 0);
    heading.current?.focus({ preventScroll: true });
  }, []);
  useEffect(() => {
    document.title = `${title} · Neurocore`;
  }, [title]);
  return (
    <div className="page-title">
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      {children}
    </div>
  );
}
