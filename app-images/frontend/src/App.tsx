import { useCallback, useMemo, useState, useSyncExternalStore } from "react";
import type { SearchAnswer, SystemStatus } from "./api/types";
import { Announcer, useAnnounce } from "./components/Announcer";
import { Footer } from "./components/Footer";
import { Header } from "./components/Header";
import { useLoad } from "./hooks/useLoad";
import { useNoStrayDrops } from "./hooks/useNoStrayDrops";
import { useUploads, type Uploads } from "./hooks/useUploads";
import { MemoryContext, type PassageShown } from "./memory";
import { ChapterPage } from "./pages/ChapterPage";
import { ChaptersPage } from "./pages/ChaptersPage";
import { DocumentPage } from "./pages/DocumentPage";
import { LibraryPage } from "./pages/LibraryPage";
import { LoginPage } from "./pages/LoginPage";
import { SearchPage } from "./pages/SearchPage";
import { UnknownPage } from "./pages/UnknownPage";
import type { Route } from "./routing/routes";
import { goTo, useRoute } from "./routing/useRoute";
import { useServices } from "./services";

/** Milliseconds until the system's status is asked for again when it could not be had. */
const STATUS_RETRY = 10_000;

export function App() {
  const { api, session } = useServices();
  const { token, ended } = useSyncExternalStore(session.subscribe, session.state);
  const loadStatus = useCallback((signal: AbortSignal) => api.status(signal), [api]);
  const { data: status } = useLoad(loadStatus, (known) => (known === null ? STATUS_RETRY : null));
  if (token === null) return <LoginPage status={status} ended={ended} />;
  return (
    <Announcer>
      {/* Another log-in starts from nothing: no search, no upload of whoever was here before. */}
      <SignedIn key={token} status={status} />
    </Announcer>
  );
}

function SignedIn({ status }: { status: SystemStatus | null }) {
  const { api, session } = useServices();
  const route = useRoute();
  useNoStrayDrops();
  const uploads = useUploads(api, status, useAnnounce());
  const loadUser = useCallback((signal: AbortSignal) => api.me(signal), [api]);
  const { data: user } = useLoad(loadUser);
  const [lastSearch, rememberSearch] = useState<SearchAnswer | null>(null);
  const [passage, showPassage] = useState<PassageShown | null>(null);
  const memory = useMemo(
    () => ({ lastSearch, rememberSearch, passage, showPassage }),
    [lastSearch, passage],
  );
  function logOut() {
    goTo({ page: "library" }); // whoever logs in next doesn't start where this person was
    session.logOut();
  }
  return (
    <MemoryContext.Provider value={memory}>
      <div className="shell">
        <a
          className="skip"
          href="#main"
          onClick={(event) => {
            event.preventDefault(); // the part after # is the page's address here
            document.getElementById("main")?.focus();
          }}
        >
          Skip to the content
        </a>
        <Header route={route} user={user} onLogOut={logOut} />
        <main id="main" className="main" tabIndex={-1}>
          <CurrentPage route={route} uploads={uploads} status={status} />
        </main>
        <Footer status={status} />
      </div>
    </MemoryContext.Provider>
  );
}

interface CurrentPageProps {
  route: Route;
  uploads: Uploads;
  status: SystemStatus | null;
}

function CurrentPage({ route, uploads, status }: CurrentPageProps) {
  switch (route.page) {
    case "library":
      return <LibraryPage uploads={uploads} limits={status} />;
    case "search":
      return <SearchPage />;
    case "chapters":
      return <ChaptersPage />;
    case "chapter":
      return <ChapterPage key={route.id} id={route.id} />;
    case "document":
      return <DocumentPage key={route.id} id={route.id} pdfPage={route.pdfPage} />;
    case "unknown":
      return <UnknownPage />;
  }
}
