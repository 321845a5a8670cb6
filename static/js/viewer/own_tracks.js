// @ts-check
/**
 * The reader's own tracks: offered before there is one, taken up again after a reload, kept in step with the server.
 *
 * @typedef {import("./store.js").Store} Store
 * @typedef {import("./save_queue.js").SaveQueue} SaveQueue
 */
import { baseOf } from "./save_batch.js";
import { applyState, sameState } from "./state_patch.js";
import { newId } from "./storage.js";

/** Facts of a track of mine that the server does not know yet. @param {string} reader */
export function newTrackFacts(reader) {
  return {
    number: 1, source: "reader", status: "open", reader, mine: true, editable: true, deleted: false, revision: 0,
    excluded: {}, no_lesion: "", signed_at: null,
  };
}

/**
 * Before the reader has a track: a copy of the model's, opened on the server by the first command.
 * @param {Store} store @param {{mayOpen: boolean, user: {name: string, canCorrect: boolean}}} data
 */
export function offerOwnTrack(store, { mayOpen, user }) {
  store.mayDraw = mayOpen && user.canCorrect;
  const hasOne = [...store.tracks.values()].some((track) => track.mine);
  if (hasOne || !mayOpen || !user.canCorrect) return;
  const keyframes = store.model?.keyframes ?? [];
  store.put({ ...newTrackFacts(user.name), id: newId(), keyframes, isVirtual: true });
}

/**
 * Commands that were not acknowledged before a reload: shown, and sent again.
 * @param {Store} store @param {SaveQueue} queue @param {import("./storage.js").ClipStorage} storage @param {string} reader
 */
export async function takeUpUnsaved(store, queue, storage, reader) {
  const { entries, bases } = await storage.load();
  for (const track of store.tracks.values()) queue.bases.set(track.id, baseOf(track));
  for (const id of new Set(entries.map(({ track }) => track))) {
    const base = bases.find(([track]) => track === id)?.[1];
    if (!base) continue;
    queue.bases.set(id, base);
    const patches = entries.filter(({ track, kind }) => track === id && kind === "patch").map(({ patch }) => patch ?? {});
    const { nFrames } = store.clip;
    const state = patches.reduce((before, patch) => applyState(before, patch, nFrames, store.frameShape), base.state);
    const number = 1 + Math.max(0, ...[...store.tracks.values()].filter((track) => track.mine).map((track) => track.number));
    store.put({ ...newTrackFacts(reader), id, number, ...store.tracks.get(id), revision: base.revision, ...state });
  }
  queue.restore(entries, []);
}

/**
 * What the server answers becomes what the page shows.
 * @param {Store} store @param {SaveQueue} queue @param {import("./undo.js").UndoStack} history
 */
export function followQueue(store, queue, history) {
  queue.onRenamed = (from, to) => {
    store.rename(from, to);
    history.rename(from, to);
  };
  queue.onSaved = (id, body) => {
    if (!store.tracks.has(id)) return;
    const { revision, status, signed_at: signedAt, editable, reader, number } = body;
    const facts = { revision, status, signed_at: signedAt, editable, reader, number };
    const isBehind = !queue.isPending(id) && !sameState(store.state(id), baseOf(body).state);
    store.change(id, isBehind ? { ...facts, ...baseOf(body).state } : facts);
  };
}

/** No more changes in this window. @param {Store} store */
export function makeReadOnly(store) {
  store.mayDraw = false;
  for (const track of store.tracks.values()) track.editable = false;
  store.setTool("select");
  store.tell("tracks");
}
