/** What the API sends and takes; the source of truth is its /api/openapi.json. */

export type DocumentState = "queued" | "processing" | "ready" | "failed";

export interface User {
  id: string;
  email: string;
  /** Empty when none was given. */
  name: string;
}

export interface Token {
  access_token: string;
  token_type: "bearer";
  /** Seconds. */
  expires_in: number;
}

export interface DocumentFailure {
  /** encrypted, damaged, empty, no_text, too_many_pages, internal; newer servers may add to these. */
  code: string;
  message: string;
}

export interface LibraryDocument {
  id: string;
  sha256: string;
  filename: string;
  size_bytes: number;
  state: DocumentState;
  pages: number | null;
  chunks: number;
  error: DocumentFailure | null;
  /** Whether the reader uploaded it, and so may delete it. */
  mine: boolean;
  created_at: string;
}

export interface Page<Item> {
  items: Item[];
  total: number;
}

export interface SearchResult {
  document_id: string;
  filename: string;
  page: number;
  snippet: string;
  score: number;
  chunk_id: number;
}

export interface SearchAnswer {
  query: string;
  results: SearchResult[];
  took_ms: number;
}

export interface Citation {
  n: number;
  document_id: string;
  filename: string;
  page: number;
  quote: string;
}

export interface Paragraph {
  text: string;
  citations: number[];
}

export interface Section {
  heading: string;
  paragraphs: Paragraph[];
}

export interface ChapterSummary {
  id: string;
  topic: string;
  title: string;
  created_at: string;
}

export interface Chapter extends ChapterSummary {
  sections: Section[];
  citations: Citation[];
}

export interface SystemStatus {
  version: string;
  ai_external: boolean;
  registration: "open" | "closed";
  /** MiB. */
  max_upload_mb: number;
  max_pages: number;
  embedding: { provider: string; model: string; dimensions: number };
}
