import type { User } from "../api/types";
import { href, type Route } from "../routing/routes";
import { Mark } from "./Mark";

type Section = "library" | "search" | "chapters";

const SECTIONS: readonly { page: Section; label: string }[] = [
  { page: "library", label: "Library" },
  { page: "search", label: "Search" },
  { page: "chapters", label: "Chapters" },
];

interface Props {
  route: Route;
  user: User | null;
  onLogOut: () => void;
}

export function Header({ route, user, onLogOut }: Props) {
  const current = sectionOf(route);
  return (
    <header className="header">
      <div className="header-inner">
        <a className="brand" href={href({ page: "library" })}>
          <Mark />
          Neurocore
        </a>
        <nav className="nav" aria-label="Main">
          {SECTIONS.map(({ page, label }) => (
            <a key={page} href={href({ page })} aria-current={page === current ? "page" : undefined}>
              {label}
            </a>
          ))}
        </nav>
        <div className="account">
          {user !== null && <span className="account-name" title={user.email}>{user.name || user.email}</span>}
          <button type="button" className="button button-quiet" onClick={onLogOut}>
            Log out
          </button>
        </div>
      </div>
    </header>
  );
}

function sectionOf(route: Route): Section | null {
  switch (route.page) {
    case "document":
    case "library":
      return "library";
    case "search":
      return "search";
    case "chapter":
    case "chapters":
      return "chapters";
    case "unknown":
      return null;
  }
}
