// @ts-check
/**
 * The boxes of this frame and the keyframes of the chosen track as HTML tables: the keyboard's editor, the screen
 * reader's view, and what tests read.
 *
 * @typedef {import("./store.js").Store} Store
 * @typedef {import("./store.js").Track} Track
 * @typedef {import("./actions.js").Actions} Actions
 */
import { nameOf } from "./box_items.js";
import { clampBox, isLargeEnough } from "./geometry.js";
import { t } from "./text.js";

const COORDINATES = /** @type {const} */ (["x1", "y1", "x2", "y2"]);
const FLAGS = /** @type {const} */ (["outside", "occluded", "truncated", "uncertain"]);

/** @param {string} tag @param {Record<string, any>} [properties] @param {(Node|string)[]} [children] */
export function element(tag, properties = {}, children = []) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "dataset") Object.assign(made.dataset, value);
    else if (name in made) /** @type {any} */ (made)[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

export class Tables {
  /** @param {HTMLElement} boxes tbody @param {HTMLElement} keyframes tbody @param {Store} store @param {Actions} actions */
  constructor(boxes, keyframes, store, actions) {
    this.boxes = boxes;
    this.keyframes = keyframes;
    this.store = store;
    this.actions = actions;
    for (const topic of /** @type {const} */ (["tracks", "selection", "layers"])) store.on(topic, () => this.#later(true));
    store.on("frame", () => this.#later(false));
    store.on("playing", () => this.#later(true));
    boxes.addEventListener("change", (event) => this.#edited(/** @type {HTMLInputElement} */ (event.target)));
    boxes.addEventListener("click", (event) => this.#clicked(/** @type {HTMLElement} */ (event.target)));
    keyframes.addEventListener("click", (event) => this.#went(/** @type {HTMLElement} */ (event.target)));
    this.render(true);
  }

  /** Once a frame of the screen, and not while the clip plays. @param {boolean} withKeyframes */
  #later(withKeyframes) {
    this.needsKeyframes ||= withKeyframes;
    if (this.requested || this.store.isPlaying) return;
    this.requested = requestAnimationFrame(() => {
      this.requested = 0;
      this.render(Boolean(this.needsKeyframes));
      this.needsKeyframes = false;
    });
  }

  /** @param {boolean} withKeyframes */
  render(withKeyframes) {
    const focus = focusIn(this.boxes);
    this.boxes.replaceChildren(...this.store.visible.map((track) => this.#boxRow(track)));
    refocus(this.boxes, focus);
    if (withKeyframes) {
      const kept = focusIn(this.keyframes);
      this.keyframes.replaceChildren(...this.#keyframeRows());
      refocus(this.keyframes, kept);
    }
    for (const row of this.keyframes.children) {
      row.toggleAttribute("aria-current", /** @type {HTMLElement} */ (row).dataset.frame === String(this.store.frame));
    }
  }

  /** @param {Track} track */
  #boxRow(track) {
    const found = this.store.boxAt(track.id);
    const isEditable = track.editable && !track.locked;
    const select = element("button", {
      type: "button", className: "btn btn-sm btn-quiet", textContent: nameOf(track),
      dataset: { act: "select", name: "select" }, "aria-pressed": String(track.id === this.store.selected),
    });
    const cells = COORDINATES.map((name, i) => {
      const value = found ? String(Math.round(found.box[i] * 100) / 100) : "";
      if (!isEditable || !found) return element("td", { className: "num", textContent: value || "–", dataset: { name } });
      const label = `${nameOf(track)} ${name}`;
      const input = element("input", { type: "number", step: "1", value, dataset: { name }, "aria-label": label });
      return element("td", { className: "num" }, [input]);
    });
    const state = found ? this.#words(found) : t(track.no_lesion ? "noLesionSeen" : "noBox");
    const flags = FLAGS.filter((flag) => found?.carried[flag]).map((flag) => t(flag));
    const held = /** @type {const} */ (["locked", "pinned"]).filter((flag) => track[flag]).map((flag) => t(flag));
    const words = element("div", { className: "box-state", dataset: { name: "state" }, textContent: [state, ...flags, ...held].join(", ") });
    return element("tr", { dataset: { track: track.id } }, [element("th", { scope: "row" }, [select, words]), ...cells]);
  }

  /** @param {import("./tracks.js").FrameBox} found */
  #words({ kind, carried }) {
    return `${t(kind)} (${t(carried.source)})`;
  }

  #keyframeRows() {
    const track = this.store.activeTrack ?? this.actions.target;
    return (track?.keyframes ?? []).map((keyframe) => {
      const flags = FLAGS.filter((flag) => keyframe[flag]).map((flag) => t(flag));
      const go = element("button", {
        type: "button", className: "btn btn-sm btn-quiet num", textContent: String(keyframe.frame + 1),
        dataset: { frame: String(keyframe.frame), name: `go-${keyframe.frame}` },
      });
      const size = `${Math.round(keyframe.x2 - keyframe.x1)} × ${Math.round(keyframe.y2 - keyframe.y1)}`;
      return element("tr", { dataset: { frame: String(keyframe.frame) } }, [
        element("th", { scope: "row" }, [go]),
        element("td", { className: "num", textContent: size }),
        element("td", { textContent: t(keyframe.source) }),
        element("td", { textContent: flags.join(", ") }),
      ]);
    });
  }

  /** @param {HTMLInputElement} input */
  #edited(input) {
    const row = input.closest("tr");
    const track = this.store.tracks.get(row?.dataset.track ?? "");
    if (!track || !row) return;
    const values = COORDINATES.map((name) => Number(row.querySelector(`input[data-name=${name}]`)?.value));
    const { width, height } = this.store.clip;
    const box = clampBox(/** @type {import("./geometry.js").Box} */ (values), { width, height });
    if (values.some(Number.isNaN) || !isLargeEnough(box)) this.actions.say("tooSmall");
    else this.actions.setBox(track, box, "type");
    this.#later(true);
  }

  /** @param {HTMLElement} target */
  #clicked(target) {
    if (target.dataset.act === "select") this.actions.choose(target.closest("tr")?.dataset.track ?? null);
  }

  /** @param {HTMLElement} target */
  #went(target) {
    const frame = target.dataset.frame;
    if (target.tagName === "BUTTON" && frame !== undefined) this.store.goTo(Number(frame));
  }
}

/** Which control of a table has the focus. @param {HTMLElement} body */
function focusIn(body) {
  const active = /** @type {HTMLElement|null} */ (document.activeElement);
  if (!active || !body.contains(active)) return null;
  return { track: active.closest("tr")?.dataset.track, frame: active.closest("tr")?.dataset.frame, name: active.dataset.name };
}

/** @param {HTMLElement} body @param {{track?: string, frame?: string, name?: string}|null} focus */
function refocus(body, focus) {
  if (!focus) return;
  for (const row of /** @type {Iterable<HTMLElement>} */ (body.children)) {
    if (row.dataset.track === focus.track && row.dataset.frame === focus.frame) {
      /** @type {HTMLElement|null} */ (row.querySelector(`[data-name="${focus.name}"]`))?.focus();
    }
  }
}
