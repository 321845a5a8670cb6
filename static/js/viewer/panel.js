// @ts-check
/**
 * The live panel: box area, or a static feature, over the frames; the cursor follows the frame. A curve computed from
 * other boxes than those on screen says so, and is read again until the recomputation is done.
 */
import { request } from "./api.js";
import { colourOf } from "./box_items.js";
import { CurveReader } from "./curve_reader.js";
import { FeatureMenu } from "./feature_menu.js";
import { areaOf } from "./geometry.js";
import { element } from "./table.js";
import { t } from "./text.js";

const REDRAW_MS = 150;
const RETRY_LIBRARY_MS = 3000;
const MARGIN = Object.freeze({ l: 58, r: 12, t: 6, b: 26 });
const CLASSES = Object.freeze({
  live: "status status-ok", fresh: "status status-ok", stale: "status status-warn", missing: "status status-wait",
  unreachable: "status status-warn", undrawn: "status status-warn",
});
const REMEMBERED = "viewer-feature";

/** @param {string} src @returns {Promise<any>} */
function loadScript(src) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = src;
    script.onload = resolve;
    script.onerror = reject;
    document.head.append(script);
  });
}

export class CurvePanel {
  /**
   * @param {HTMLElement} root with data-curves and data-plotly
   * @param {import("./store.js").Store} store
   * @param {import("./save_queue.js").SaveQueue} queue
   */
  constructor(root, store, queue) {
    this.store = store;
    this.queue = queue;
    this.address = root.dataset.curves ?? "";
    this.plot = /** @type {any} */ (document.getElementById("curve"));
    this.state = /** @type {HTMLElement} */ (document.getElementById("curve-state"));
    this.select = /** @type {HTMLSelectElement} */ (document.getElementById("feature"));
    this.cursor = element("div", { className: "curve-cursor", "aria-hidden": "true" });
    this.library = /** @type {any} */ (null);
    this.isLibraryMissing = false;
    this.shown = this.#shownBoxes();
    this.reader = new CurveReader({ read: (feature) => this.#read(feature), isSaved: () => this.#isSaved() });
    this.reader.onChange = () => this.#later();
    this.#follow();
    void this.#loadLibrary(root.dataset.plotly ?? "");
    this.menu = new FeatureMenu(this.select, () => request("GET", `${this.address}?names`));
    this.menu.onReady = () => this.#recall();
    if (this.address) void this.menu.load();
  }

  #follow() {
    this.select.addEventListener("change", () => {
      localStorage.setItem(REMEMBERED, this.select.value);
      void this.reader.choose(this.select.value);
    });
    for (const topic of /** @type {const} */ (["tracks", "selection"])) this.store.on(topic, () => this.#changed());
    this.store.on("playing", () => this.#later());
    this.store.on("frame", () => this.#moveCursor());
    document.addEventListener("themechange", () => this.#later());
    this.#showState();
  }

  /** The curve that was looked at on the clip before. */
  #recall() {
    const feature = localStorage.getItem(REMEMBERED) ?? "";
    if (!feature || this.select.value) return;
    this.select.value = feature;
    if (this.select.value) void this.reader.choose(feature);
    else this.select.value = "";
  }

  /** @param {string} src */
  async #loadLibrary(src) {
    try {
      await loadScript(src);
    } catch {
      this.isLibraryMissing = true;
      this.#showState();
      setTimeout(() => void this.#loadLibrary(src), RETRY_LIBRARY_MS);
      return;
    }
    this.isLibraryMissing = false;
    this.library = /** @type {any} */ (globalThis).Plotly;
    await this.#draw();
    this.plot.on("plotly_click", (/** @type {any} */ event) => this.store.goTo(event.points[0].x - 1));
  }

  get track() {
    return this.store.selectedTrack ?? this.store.mine[0] ?? this.store.model;
  }

  /** What the curve depends on: which track, and its boxes. */
  #shownBoxes() {
    const { track } = this;
    return { id: track?.id, keyframes: track?.keyframes, excluded: JSON.stringify(track?.excluded ?? {}) };
  }

  /** Tracks changed somehow, or another one was chosen. */
  #changed() {
    const before = this.shown;
    this.shown = this.#shownBoxes();
    if (this.shown.id !== before.id) void this.reader.choose(this.select.value);
    else if (this.shown.keyframes !== before.keyframes || this.shown.excluded !== before.excluded) this.reader.boxesChanged();
    this.#later();
  }

  /** Whether the server knows the boxes on screen. */
  #isSaved() {
    return !this.track || !this.queue.isPending(this.track.id);
  }

  /** @param {string} feature */
  #read(feature) {
    const query = new URLSearchParams({ feature });
    if (this.track && !this.track.isVirtual) query.set("track", this.track.id);
    return request("GET", `${this.address}?${query}`);
  }

  /** Draw again, soon. */
  #later() {
    this.#showState();
    if (this.timer || this.store.isPlaying) return;
    this.timer = setTimeout(() => {
      this.timer = 0;
      void this.#draw();
    }, REDRAW_MS);
  }

  #showState() {
    const kind = this.isLibraryMissing ? "undrawn" : this.select.value ? this.reader.kind : "live";
    this.state.className = CLASSES[kind];
    this.state.dataset.kind = kind;
    const words = t(`curve_${kind}`);
    if (this.state.textContent !== words) this.state.textContent = words;
  }

  /** @returns {{y: (number|null)[], unit: string}} a value a frame; a frame without one is a hole, never zero */
  #values() {
    const { spacingMm, nFrames } = this.store.clip;
    /** @type {(number|null)[]} */
    const y = new Array(nFrames).fill(null);
    if (this.select.value) {
      const { frames = [], values = [], unit = "" } = this.reader.curve ?? {};
      frames.forEach((frame, i) => { y[frame] = values[i]; });
      return { y, unit };
    }
    const dense = this.track?.dense ?? [];
    return { y: y.map((_, i) => (dense[i] ? areaOf(dense[i].box, spacingMm) : null)), unit: spacingMm ? "mm²" : "px²" };
  }

  async #draw() {
    if (!this.library) return;
    const { y, unit } = this.#values();
    const x = y.map((_, i) => i + 1); // frames as people count them
    const style = getComputedStyle(this.plot);
    const [colour, line] = [style.getPropertyValue("--muted").trim(), style.getPropertyValue("--line").trim()];
    const axis = { color: colour, gridcolor: line, zeroline: false, fixedrange: true };
    const trace = { x, y, mode: "lines", connectgaps: false, hovertemplate: "%{x}: %{y:.4g}<extra></extra>" };
    const stroke = { color: this.track ? colourOf(this.track) : colour, width: 1.6 };
    await this.library.react(this.plot, [{ ...trace, line: stroke }], {
      margin: { ...MARGIN }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: false, font: { size: 11 },
      xaxis: { ...axis, range: [0.5, this.store.clip.nFrames + 0.5] }, yaxis: { ...axis, title: { text: unit }, rangemode: "tozero" },
    }, { displayModeBar: false, responsive: true });
    if (!this.cursor.isConnected) this.plot.append(this.cursor);
    this.plot.dataset.curve = this.select.value || "area";
    this.#moveCursor();
    this.#showState();
  }

  /** The cursor is an element of its own: moving it costs no redraw. */
  #moveCursor() {
    const axis = this.plot._fullLayout?.xaxis;
    if (axis) this.cursor.style.transform = `translateX(${axis._offset + axis.l2p(this.store.frame + 1)}px)`;
  }
}
