// Keeps the empty form on the tablet so that it opens without a connection. No answer passes through.
const NAME = "tc-survey-1";
const SHELL = ["/survey/", ...["survey.css", "survey.js", "conditions.js", "keep.js", "outbox.js", "speak.js", "symbols.svg"].map((n) => `/survey/static/${n}`)];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(SHELL)).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

const kept = (path) => SHELL.includes(path) || path.startsWith("/survey/audio/");

self.addEventListener("fetch", (event) => {
  const address = new URL(event.request.url);
  const opening = event.request.mode === "navigate";
  if (event.request.method !== "GET" || !(kept(address.pathname) || opening)) return;
  event.respondWith(
    fetch(event.request)
      .then(async (answer) => {
        if (answer.ok && address.pathname.startsWith("/survey/audio/")) (await caches.open(NAME)).put(event.request, answer.clone());
        return answer;
      })
      .catch(async () => (await caches.match(opening ? "/survey/" : event.request)) ?? Response.error()),
  );
});
