// @ts-check
/**
 * What survives a reload, in IndexedDB: unsaved commands, acknowledged states, the undo stack. One database a
 * user, so that two people at one workstation never send each other's work.
 *
 * @typedef {import("./save_batch.js").Entry} Entry
 * @typedef {import("./save_batch.js").Base} Base
 */

const VERSION = 1;

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** @param {number|string} userId @returns {Promise<IDBDatabase>} */
export function openDatabase(userId) {
  const request = indexedDB.open(`her2web-viewer-${userId}`, VERSION);
  request.onupgradeneeded = () => {
    request.result.createObjectStore("entries", { keyPath: "seq", autoIncrement: true }).createIndex("clip", "clip");
    request.result.createObjectStore("bases", { keyPath: "track" }).createIndex("clip", "clip");
    request.result.createObjectStore("undo", { keyPath: "clip" });
  };
  return done(request);
}

/** A random identity; `crypto.randomUUID` is missing where the page came over plain HTTP. @returns {string} */
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** Identity of this tab, kept over reloads; a lock says that the tab lives. @returns {Promise<string>} */
export async function claimTab() {
  const stored = sessionStorage.getItem("viewer-tab");
  for (const name of [stored, newId()]) {
    if (name && (await holdLock(`viewer-tab-${name}`))) {
      sessionStorage.setItem("viewer-tab", name);
      return name;
    }
  }
  throw new Error("this tab could not be told from the others");
}

/** @param {string} name @returns {Promise<boolean>} whether the lock is now ours until the tab closes */
function holdLock(name) {
  if (!navigator.locks) return Promise.resolve(true); // plain HTTP: two windows of one clip share what is unsaved
  return new Promise((resolve) => {
    navigator.locks.request(name, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock ? new Promise(() => {}) : undefined;
    });
  });
}

/** @returns {Promise<Set<string>>} tabs that live */
async function livingTabs() {
  if (!navigator.locks) return new Set();
  const { held = [] } = await navigator.locks.query();
  return new Set(held.map(({ name }) => name ?? "").filter((name) => name.startsWith("viewer-tab-")).map((name) => name.slice(11)));
}

/** Storage of the queue of one clip. */
export class ClipStorage {
  /** @param {IDBDatabase} database @param {string} clip @param {string} tab */
  constructor(database, clip, tab) {
    this.database = database;
    this.clip = clip;
    this.tab = tab;
  }

  /** @param {string} store @param {IDBTransactionMode} mode */
  #store(store, mode = "readwrite") {
    return this.database.transaction(store, mode, { durability: "relaxed" }).objectStore(store);
  }

  /** Commands left by this tab before a reload, and by tabs that are gone. */
  async load() {
    const alive = await livingTabs();
    /** @type {any[]} */
    const entries = await done(this.#store("entries", "readonly").index("clip").getAll(this.clip));
    /** @type {any[]} */
    const bases = await done(this.#store("bases", "readonly").index("clip").getAll(this.clip));
    const ours = entries.filter(({ tab }) => tab === this.tab || !alive.has(tab));
    await this.update(ours);
    return { entries: ours, bases: /** @type {[string, Base][]} */ (bases.map(({ track, base }) => [track, base])) };
  }

  /** @param {Entry} entry @returns {Promise<number>} */
  async add(entry) {
    return Number(await done(this.#store("entries").add({ ...entry, clip: this.clip, tab: this.tab })));
  }

  /** @param {Entry[]} entries */
  async update(entries) {
    const store = this.#store("entries");
    await Promise.all(entries.map((entry) => done(store.put({ ...entry, clip: this.clip, tab: this.tab }))));
  }

  /** @param {Entry[]} entries */
  async remove(entries) {
    const store = this.#store("entries");
    await Promise.all(entries.map(({ seq }) => (seq === undefined ? null : done(store.delete(seq)))));
  }

  /** @param {string} track @param {Base} base */
  async putBase(track, base) {
    await done(this.#store("bases").put({ track, base, clip: this.clip }));
  }

  /**
   * Commands give way to what was chosen in their place, all in one transaction: a page that dies in between loses
   * neither. @param {Entry[]} removed @param {string} track @param {Base} base @param {Entry|null} entry
   * @returns {Promise<number|undefined>} the number of the entry
   */
  async settle(removed, track, base, entry) {
    const transaction = this.database.transaction(["entries", "bases"], "readwrite");
    const entries = transaction.objectStore("entries");
    const deleted = removed.map(({ seq }) => (seq === undefined ? null : done(entries.delete(seq))));
    const put = done(transaction.objectStore("bases").put({ track, base, clip: this.clip }));
    const added = entry ? done(entries.add({ ...entry, clip: this.clip, tab: this.tab })) : null;
    await Promise.all([...deleted, put, added]);
    return entry ? Number(await added) : undefined;
  }

  /** @param {any} stack */
  async putUndo(stack) {
    await done(this.#store("undo").put({ clip: this.clip, stack }));
  }

  /** @returns {Promise<any>} */
  async undo() {
    return (await done(this.#store("undo", "readonly").get(this.clip)))?.stack;
  }
}

/** The same for a browser that lets the page store nothing: what is unsaved is gone with a reload. */
export class MemoryStorage {
  constructor() {
    this.last = 0;
  }

  async load() {
    return { entries: [], bases: [] };
  }

  async add() {
    this.last += 1;
    return this.last;
  }

  async update() {}

  async remove() {}

  async putBase() {}

  /** @param {Entry[]} _removed @param {string} _track @param {Base} _base @param {Entry|null} entry */
  async settle(_removed, _track, _base, entry) {
    return entry ? this.add() : undefined;
  }

  async putUndo() {}

  async undo() {
    return undefined;
  }
}
