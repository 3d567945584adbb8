import type { SessionSource } from "../api/client";
import type { Token } from "../api/types";

const KEY = "neurocore.token";

export interface SessionState {
  token: string | null;
  /** Why the person is asked to log in again; null when nothing happened to them. */
  ended: string | null;
}

/**
 * Who is logged in, in this browser tab: kept over a reload, forgotten when the tab closes.
 *
 * sessionStorage rather than localStorage: ward computers are shared.
 */
export class Session implements SessionSource {
  readonly #storage: Storage;
  #state: SessionState;
  readonly #listeners = new Set<() => void>();

  constructor(storage: Storage) {
    this.#storage = storage;
    this.#state = { token: storage.getItem(KEY), ended: null };
  }

  token(): string | null {
    return this.#state.token;
  }

  logIn(token: Token): void {
    this.#storage.setItem(KEY, token.access_token);
    this.#change({ token: token.access_token, ended: null });
  }

  logOut(): void {
    this.#storage.removeItem(KEY);
    this.#change({ token: null, ended: null });
  }

  rejected(token: string): void {
    // An answer to a request from before a new log-in says nothing about the new token.
    if (token !== this.#state.token) return;
    this.#storage.removeItem(KEY);
    this.#change({ token: null, ended: "Your session has ended. Log in again to go on where you were." });
  }

  /** For useSyncExternalStore: the same object until something changes. */
  readonly state = (): SessionState => this.#state;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  #change(state: SessionState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}
