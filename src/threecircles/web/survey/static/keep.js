// What the tablet keeps until the server has it: without it a lost connection would lose answers.
const NAME = "tc-survey";

const open = () =>
  new Promise((done, fail) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("kept");
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => fail(asked.error);
  });

const within = async (way, work) => {
  const database = await open();
  try {
    return await new Promise((done, fail) => {
      const change = database.transaction("kept", way);
      const asked = work(change.objectStore("kept"));
      change.oncomplete = () => done(asked && asked.result);
      change.onerror = change.onabort = () => fail(change.error);
    });
  } finally {
    database.close();
  }
};

export const read = (key) => within("readonly", (kept) => kept.get(key));

export const write = (pairs) =>
  within("readwrite", (kept) => {
    let last;
    for (const [key, value] of Object.entries(pairs)) last = kept.put(value, key);
    return last;
  });

// Everything this tablet knows of the child, gone.
export const wipe = async () => {
  await new Promise((done) => {
    const asked = indexedDB.deleteDatabase(NAME);
    asked.onsuccess = asked.onerror = asked.onblocked = done;
  });
  if ("caches" in window) for (const name of await caches.keys()) await caches.delete(name);
  sessionStorage.clear();
  const workers = (await navigator.serviceWorker?.getRegistrations?.()) ?? [];
  await Promise.all(workers.map((worker) => worker.unregister()));
};
