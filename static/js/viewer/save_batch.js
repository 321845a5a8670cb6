// @ts-check
/**
 * What goes to the server in one request: the commands of one track, brought together.
 *
 * @typedef {import("./state_patch.js").State} State
 * @typedef {import("./state_patch.js").StatePatch} StatePatch
 * @typedef {{revision: number, state: State}} Base the newest state that the server has acknowledged
 * @typedef {{seq?: number, track: string, kind: "open"|"create"|"patch", patch?: StatePatch, keyframes?: any[],
 *            command: string, seconds: number, key?: string, revision?: number, body?: any}} Entry
 * @typedef {{nFrames: number, frameShape: [number, number]}} Shape
 */
import { applyState, isEmpty, stateDiff } from "./state_patch.js";

const MAX_COMMAND_LENGTH = 100;

/** @param {any} body state of a track as the server tells it @returns {Base} */
export function baseOf(body) {
  const { revision, keyframes, excluded, deleted, no_lesion = "" } = body;
  return { revision, state: { keyframes, excluded, deleted, no_lesion } };
}

/** "move, move, draw" in short: "move ×2, draw". @param {Entry[]} entries */
export function commandNames(entries) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { command } of entries) counts.set(command, (counts.get(command) ?? 0) + 1);
  const names = [...counts].map(([name, count]) => (count > 1 ? `${name} ×${count}` : name));
  return names.join(", ").slice(0, MAX_COMMAND_LENGTH);
}

/**
 * The body of the request that carries a batch; null where its commands come to nothing.
 * @param {Entry[]} batch @param {Base|undefined} base @param {Shape} shape
 */
export function bodyOf(batch, base, { nFrames, frameShape }) {
  const [{ kind, track, keyframes }] = batch;
  if (kind === "open") return { id: track };
  if (kind === "create") return { id: track, keyframes };
  if (!base) throw new Error(`no acknowledged state of track ${track}`);
  const after = batch.reduce((state, { patch }) => applyState(state, patch ?? {}, nFrames, frameShape), base.state);
  const patch = stateDiff(base.state, after);
  if (isEmpty(patch)) return null;
  const seconds = batch.reduce((sum, entry) => sum + entry.seconds, 0);
  return { patch, command: commandNames(batch), active_seconds: Math.round(seconds * 10) / 10 };
}
