import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ApiClient } from "./api/client";
import { App } from "./App";
import { ServicesContext } from "./services";
import { Session } from "./session/session";
import "./styles/index.css";

const session = new Session(window.sessionStorage);
const api = new ApiClient(session);

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no element with the id root.");

createRoot(root).render(
  <StrictMode>
    <ServicesContext.Provider value={{ api, session }}>
      <App />
    </ServicesContext.Provider>
  </StrictMode>,
);
