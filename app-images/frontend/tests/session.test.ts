import { beforeEach, expect, it, vi } from "vitest";
import { Session } from "../src/session/session";

const token = (value: string) => ({ access_token: value, token_type: "bearer" as const, expires_in: 3600 });

beforeEach(() => window.sessionStorage.clear());

it("survives a reload of the tab and ends with a log-out", () => {
  new Session(window.sessionStorage).logIn(token("t-1"));
  const reloaded = new Session(window.sessionStorage);
  expect(reloaded.token()).toBe("t-1");
  reloaded.logOut();
  expect(reloaded.state()).toEqual({ token: null, ended: null });
  expect(new Session(window.sessionStorage).token()).toBeNull();
});

it("says why it ended when the server refused it", () => {
  const session = new Session(window.sessionStorage);
  const heard = vi.fn();
  session.subscribe(heard);
  session.logIn(token("t-1"));
  session.rejected("t-1");
  expect(session.token()).toBeNull();
  expect(session.state().ended).toContain("Log in again");
  expect(heard).toHaveBeenCalledTimes(2);
});

it("is not ended by a late answer to the session before", () => {
  const session = new Session(window.sessionStorage);
  session.logIn(token("old"));
  session.logIn(token("new"));
  session.rejected("old");
  expect(session.token()).toBe("new");
});
