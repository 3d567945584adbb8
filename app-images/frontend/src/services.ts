import { createContext, useContext } from "react";
import type { ApiClient } from "./api/client";
import type { Session } from "./session/session";

/** What the pages need from outside: made once in main.tsx, replaced by doubles in tests. */
export interface Services {
  api: ApiClient;
  session: Session;
}

export const ServicesContext = createContext<Services | null>(null);

export function useServices(): Services {
  const services = useContext(ServicesContext);
  if (services === null) throw new Error("useServices needs a ServicesContext above it.");
  return services;
}
