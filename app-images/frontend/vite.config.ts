import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// Where `npm run dev` finds the API: the port on which a local stack publishes it.
const API = process.env["NEUROCORE_API"] ?? "http://127.0.0.1:8002";

export default defineConfig({
  plugins: [react()],
  server: { proxy: { "/api": API } },
  build: {
    // One script and one style sheet, nothing loaded later: during a release two versions answer side by side,
    // and a page that needs no second file cannot ask the wrong one for it (see README, Releases).
    cssCodeSplit: false,
    modulePreload: false,
    // Files inlined as data: URLs would need an exception in the content security policy.
    assetsInlineLimit: 0,
    rollupOptions: {
      output: {
        inlineDynamicImports: true,
        entryFileNames: "assets/app-[hash].js",
        assetFileNames: "assets/app-[hash][extname]",
      },
    },
  },
  test: {
    environment: "jsdom",
    include: ["tests/**/*.test.{ts,tsx}"],
    restoreMocks: true,
    unstubGlobals: true,
  },
});
