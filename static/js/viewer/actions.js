// @ts-check
/**
 * What the keys and buttons do to the boxes. Every act is a patch made by the shared track functions.
 *
 * @typedef {import("./store.js").Store} Store
 * @typedef {import("./store.js").Track} Track
 * @typedef {import("./editor.js").Editor} Editor
 * @typedef {import("./geometry.js").Box} Box
 */
import {
  acceptFrame, acceptTrack, deleteFrom, propagate, rejectFrame, setBox, split, toggleFlag, toggleKeyframe,
  toggleOutside,
} from "./track_edits.js";
import { toggleAllInterpolation, toggleInterpolation } from "./track_interpolation.js";
import { moveBox, roundBox } from "./geometry.js";
import { MergeMode } from "./merge_mode.js";
import { refusalOf } from "./refusals.js";
import { asKeyframe } from "./tracks.js";

export class Actions {
  /**
   * @param {Store} store @param {Editor} editor @param {(message: string) => void} say
   * @param {(words: string) => void} showMode the sentence of a mode that waits for clicks
   */
  constructor(store, editor, say, showMode) {
    this.store = store;
    this.editor = editor;
    this.say = say;
    /** @type {{box: Box}|null} */
    this.clipboard = null;
    this.merging = new MergeMode(store, editor, showMode);
  }

  /** The track that editing keys mean: the chosen one if it is mine, else the only one of mine. */
  get target() {
    const { mine } = this.store;
    return this.#chosen ?? (mine.length === 1 && mine[0].editable ? mine[0] : undefined);
  }

  /** Run an act on the target; a rule that it breaks is told, nothing changes. @param {string} name @param {(track: Track) => any} act */
  on(name, act) {
    const track = this.target;
    if (!track) return this.say("noTrack");
    if (track.locked) return this.say("trackLocked");
    return this.attempt(() => {
      this.editor.run(name, [{ track: track.id, patch: act(track) }]);
      if (this.store.activeTrack?.id !== track.id) this.store.select(track.id);
    });
  }

  /** @param {() => void} act */
  attempt(act) {
    try {
      act();
    } catch (error) {
      this.say(refusalOf(error instanceof Error ? error.message : String(error)));
    }
  }

  /** @param {Track} track @param {Box} box @param {string} name @param {number} [frame] */
  setBox(track, box, name, frame = this.store.frame) {
    const { nFrames } = this.store.clip;
    this.attempt(() => {
      const patch = setBox(track.keyframes, frame, roundBox(box), nFrames, this.store.frameShape);
      this.editor.run(name, [{ track: track.id, patch }], frame);
    });
  }

  /** A drawn box goes on with the chosen track where that has none; else it begins a track of its own.
   * @param {Box} box @param {"draw"|"redraw"} way */
  drawn(box, way) {
    const stated = this.store.mine.find((track) => track.no_lesion && track.editable);
    if (stated) return this.setBox(stated, box, way); // a box takes the statement of no lesion back
    const chosen = way === "redraw" ? this.target : this.#chosen;
    const goesOn = chosen?.keyframes.length && (way === "redraw" || !this.store.boxAt(chosen.id));
    if (chosen && goesOn) return this.setBox(chosen, box, way);
    return this.newTrack(box, "draw");
  }

  /** The pinned track, or the one under the pointer, when it is mine to change. */
  get #chosen() {
    const { activeTrack } = this.store;
    return activeTrack?.editable && !activeTrack.deleted ? activeTrack : undefined;
  }

  /** A track of its own that begins at this frame. @param {Box} box @param {string} name */
  newTrack(box, name) {
    if (!this.store.canDraw) return this.say("readOnlyTrack");
    const [x1, y1, x2, y2] = roundBox(box);
    const { frame } = this.store;
    return this.attempt(() => {
      const first = asKeyframe({ frame, x1, y1, x2, y2, source: "human" });
      // Nothing may be drawn before the first box: the track starts out of view.
      const before = frame > 0 ? [asKeyframe({ ...first, frame: 0, outside: true })] : [];
      this.dropEmptyVirtual();
      this.store.select(this.editor.create(name, [...before, first]));
    });
  }

  /** The empty track that stood for "nothing found by the model" gives way to the first one drawn. */
  dropEmptyVirtual() {
    for (const track of this.store.mine) {
      if (track.isVirtual && !track.keyframes.length) this.store.tracks.delete(track.id);
    }
  }

  /** @param {number} dx @param {number} dy pixels of the image */
  nudge(dx, dy) {
    const track = this.target;
    const found = track && this.store.boxAt(track.id);
    if (!track || !found) return this.say("noBoxHere");
    if (track.locked || track.pinned) return this.say("trackLocked");
    const { width, height } = this.store.clip;
    return this.setBox(track, moveBox(found.box, dx, dy, { width, height }), "nudge");
  }

  keyframe() {
    this.on("keyframe", (track) => toggleKeyframe(track.keyframes, this.store.frame, this.store.clip.nFrames));
  }

  outside() {
    this.on("outside", (track) => toggleOutside(track.keyframes, this.store.frame, this.store.clip.nFrames));
  }

  /** @param {"occluded"|"truncated"|"uncertain"} flag */
  flag(flag) {
    this.on(flag, (track) => toggleFlag(track.keyframes, this.store.frame, flag, this.store.clip.nFrames));
  }

  interpolateGap() {
    this.on("interpolate", (track) => toggleInterpolation(track.keyframes, this.store.frame, this.store.clip.nFrames));
  }

  interpolateTrack() {
    this.on("interpolate", (track) => toggleAllInterpolation(track.keyframes, this.store.clip.nFrames));
  }

  acceptTrack() {
    this.on("accept", (track) => acceptTrack(track.keyframes));
  }

  acceptFrame() {
    this.on("accept frame", (track) => acceptFrame(track.keyframes, this.store.frame, this.store.clip.nFrames));
  }

  rejectFrame() {
    this.on("reject frame", (track) => rejectFrame(track.keyframes, this.store.frame, this.store.clip.nFrames));
  }

  /** @param {number} toFrame */
  propagate(toFrame) {
    this.on("propagate", (track) => propagate(track.keyframes, this.store.frame, toFrame, this.store.clip.nFrames));
  }

  /** "This frame from here". */
  deleteFromHere() {
    this.on("delete from here", (track) => deleteFrom(track.keyframes, this.store.frame, this.store.clip.nFrames));
  }

  deleteTrack() {
    this.on("delete track", () => ({ deleted: true }));
  }

  /** Shift+Del: the whole track without a question, locked or not. */
  forceDelete() {
    const track = this.target;
    if (!track) return this.say("noTrack");
    return this.attempt(() => void this.editor.run("delete track", [{ track: track.id, patch: { deleted: true } }]));
  }

  copy() {
    const track = this.store.activeTrack ?? this.target;
    const found = track && this.store.boxAt(track.id);
    if (!found) return this.say("noBoxHere");
    this.clipboard = { box: found.box };
    return this.say("copied");
  }

  /** At the same place on this frame: on my selected track, else as a new one. */
  paste() {
    if (!this.clipboard) return this.say("nothingCopied");
    const target = this.target ?? this.store.mine.find((track) => track.no_lesion && track.editable);
    if (target) return this.setBox(target, this.clipboard.box, "paste");
    return this.newTrack(this.clipboard.box, "paste");
  }

  split() {
    const track = this.target;
    if (!track || !this.store.canDraw) return this.say("noTrack");
    const { frame, clip } = this.store;
    return this.attempt(() => {
      const { left, right } = split(track.keyframes, frame, clip.nFrames);
      const before = right[0].frame > 0 ? [asKeyframe({ ...right[0], frame: 0, outside: true, confidence: null })] : [];
      this.store.select(this.editor.create("split", [...before, ...right], [{ track: track.id, patch: left }]));
    });
  }

  /** A track was clicked, or reached with Tab or in the table. @param {string|null} id */
  choose(id) {
    this.store.select(id);
    this.merging.clicked(id);
  }

  /** M begins, clicks choose, M again brings the chosen tracks together. */
  merge() {
    if (!this.merging.isOn) {
      const own = this.store.mine.filter((track) => track.editable);
      if (own.length < 2) return this.say("mergeNeedsTwo");
      const { selectedTrack } = this.store;
      return this.merging.begin(selectedTrack?.editable ? selectedTrack.id : "");
    }
    return this.attempt(() => { if (!this.merging.commit()) this.say("mergeNeedsTwo"); });
  }

  /** @param {string|null} reason null lets the frame count again */
  excludeFrame(reason) {
    const { frame } = this.store;
    this.on("exclude frame", () => (reason === null ? { include: [frame] } : { exclude: { [String(frame)]: reason } }));
  }

  /** The nearest keyframe of the target before (-1) or after (1) this frame. @param {1|-1} way */
  goToKeyframe(way) {
    const frames = (this.store.activeTrack ?? this.target)?.keyframes.map(({ frame }) => frame) ?? [];
    const { frame } = this.store;
    const next = way > 0 ? frames.find((f) => f > frame) : frames.findLast((f) => f < frame);
    if (next === undefined) return this.say("noKeyframe");
    return this.store.goTo(next);
  }

  /** First or last frame of the target that has a box. @param {"first"|"last"} end */
  goToEnd(end) {
    const dense = (this.store.activeTrack ?? this.target)?.dense ?? [];
    const frame = end === "first" ? dense.findIndex(Boolean) : dense.findLastIndex(Boolean);
    this.store.goTo(frame >= 0 ? frame : end === "first" ? 0 : this.store.clip.nFrames - 1);
  }

  /** @param {"locked"|"hidden"|"pinned"} flag */
  toggle(flag) {
    const track = this.store.activeTrack ?? this.target;
    if (track) this.store.change(track.id, { [flag]: !track[flag] });
  }

  /** @param {"locked"|"hidden"} flag */
  toggleAll(flag) {
    const { mine } = this.store;
    const value = !mine.every((track) => track[flag]);
    for (const track of mine) this.store.change(track.id, { [flag]: value });
  }
}
