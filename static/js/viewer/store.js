// @ts-check
/**
 * What the page shows, and who is told when it changes.
 *
 * @typedef {import("./tracks.js").Keyframe} Keyframe
 * @typedef {import("./tracks.js").FrameBox} FrameBox
 * @typedef {import("./state_patch.js").State} State
 * @typedef {{id: string, number: number, source: string, status: string, reader: string|null, mine: boolean,
 *            editable: boolean, deleted: boolean, revision: number, keyframes: ReadonlyArray<Readonly<Keyframe>>,
 *            excluded: Record<string, string>, no_lesion?: string, signed_at: string|null, isVirtual?: boolean, locked?: boolean,
 *            hidden?: boolean, pinned?: boolean, reading?: number, dense?: (FrameBox|null)[]}} Track
 * @typedef {{id: string, nFrames: number, headerNFrames: number|null, width: number, height: number, fps: number|null,
 *            frameTimesMs: number[]|null, timingSource: string, spacingMm: [number, number]|null, kind: string}} Clip
 * @typedef {"frame"|"tracks"|"selection"|"tool"|"layers"|"playing"|"view"|"hover"|"needs"} Topic
 */
import { boxes } from "./tracks.js";

export class Store {
  /** @param {Clip} clip @param {{frame?: number, confidences?: (number|null)[]|null}} [start] */
  constructor(clip, { frame = 0, confidences = null } = {}) {
    this.clip = clip;
    this.frame = frame;
    /** How sure the detector was on each frame; null where it has not run. */
    this.confidences = confidences;
    /** Pinned by a click or a key. @type {string|null} */
    this.selected = null;
    /** Under the pointer: keys mean it while nothing is pinned. @type {string|null} */
    this.hovered = null;
    this.tool = "select";
    this.isPlaying = false;
    /** Whether this person may begin tracks on this clip, in this window. */
    this.mayDraw = false;
    this.layers = { detections: false, model: true, mine: true, others: true };
    /** @type {Map<string, Track>} */
    this.tracks = new Map();
    /** @type {(readonly number[])[][]} */
    this.detections = [];
    /** @type {Map<Topic, (() => void)[]>} */
    this.listeners = new Map();
  }

  /** @returns {[number, number]} height, width */
  get frameShape() {
    return [this.clip.height, this.clip.width];
  }

  /** @param {Topic} topic @param {() => void} listener */
  on(topic, listener) {
    this.listeners.set(topic, [...(this.listeners.get(topic) ?? []), listener]);
  }

  /** @param {Topic} topic */
  tell(topic) {
    for (const listener of this.listeners.get(topic) ?? []) listener();
  }

  /** @param {Track} track */
  put(track) {
    const readers = new Set([...this.tracks.values(), track].filter(({ mine, source }) => !mine && source !== "model").map(({ reader }) => reader));
    const reading = [...readers].indexOf(track.reader);
    this.tracks.set(track.id, { ...track, reading: Math.max(reading, 0), dense: boxes(track.keyframes, this.clip.nFrames) });
    this.tell("tracks");
  }

  /** @param {string} id @param {Partial<Track>} changes */
  change(id, changes) {
    const track = this.tracks.get(id);
    if (!track) return;
    Object.assign(track, changes);
    if (changes.keyframes) track.dense = boxes(track.keyframes, this.clip.nFrames);
    this.tell("tracks");
  }

  /** @param {string} from @param {string} to */
  rename(from, to) {
    const track = this.tracks.get(from);
    if (!track) return;
    this.tracks.delete(from);
    this.tracks.set(to, { ...track, id: to });
    if (this.selected === from) this.selected = to;
    this.tell("tracks");
  }

  /** @param {string} id @returns {State} */
  state(id) {
    const track = /** @type {Track} */ (this.tracks.get(id));
    return { keyframes: track.keyframes, excluded: track.excluded, deleted: track.deleted, no_lesion: track.no_lesion ?? "" };
  }

  /** My tracks that are not deleted. */
  get mine() {
    return [...this.tracks.values()].filter((track) => track.mine && !track.deleted);
  }

  /** Whether a new track of mine can be begun now: not after I signed. */
  get canDraw() {
    return this.mayDraw && !this.mine.some((track) => track.status === "signed");
  }

  get model() {
    return [...this.tracks.values()].find((track) => track.source === "model");
  }

  get selectedTrack() {
    return this.selected === null ? undefined : this.tracks.get(this.selected);
  }

  /** What keys mean: the pinned track, else the one under the pointer. */
  get activeTrack() {
    return this.selectedTrack ?? (this.hovered === null ? undefined : this.tracks.get(this.hovered));
  }

  /** Tracks that a layer switch and their own eye leave on screen. */
  get visible() {
    return [...this.tracks.values()].filter((track) => {
      if (track.deleted || track.hidden) return false;
      if (track.source === "model") return this.layers.model;
      return track.mine ? this.layers.mine : this.layers.others;
    });
  }

  /** What a track says of a frame. @param {string} id @param {number} [frame] @returns {FrameBox|null} */
  boxAt(id, frame = this.frame) {
    return this.tracks.get(id)?.dense?.[frame] ?? null;
  }

  /** @param {number} frame */
  goTo(frame) {
    const wanted = Math.min(Math.max(Math.round(frame), 0), this.clip.nFrames - 1);
    if (wanted === this.frame) return;
    this.frame = wanted;
    this.tell("frame");
  }

  /** @param {string|null} id */
  select(id) {
    if (id === this.selected) return;
    this.selected = id;
    this.tell("selection");
  }

  /** @param {string|null} id */
  hover(id) {
    if (id === this.hovered) return;
    this.hovered = id;
    this.tell("hover");
  }

  /** @param {string} tool */
  setTool(tool) {
    if (tool === this.tool) return;
    this.tool = tool;
    this.tell("tool");
  }

  /** @param {"detections"|"model"|"mine"|"others"} layer */
  toggleLayer(layer) {
    this.layers[layer] = !this.layers[layer];
    this.tell("layers");
  }
}
