// @ts-check
/**
 * The live panel: box area, or a static feature, over the frames; the cursor follows the frame. A curve computed from
 * other boxes than those on screen says so, and is read again until the recomputation is done.
 *
 * @typedef {{frames: number[], values: (number|null)[], unit: string, stale: boolean}} Curve
 */
import { request } from "./api.js";
import { colourOf } from "./box_items.js";
import { areaOf } from "./geometry.js";
import { element } from "./table.js";
import { t } from "./text.js";

const REDRAW_MS = 150;
const POLL_MS = Object.freeze([1500, 2000, 3000, 5000, 8000]);
const MARGIN = Object.freeze({ l: 58, r: 12, t: 6, b: 26 });

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
  /** @param {HTMLElement} root with data-curves and data-plotly @param {import("./store.js").Store} store */
  constructor(root, store) {
    this.store = store;
    this.address = root.dataset.curves ?? "";
    this.plot = /** @type {any} */ (document.getElementById("curve"));
    this.state = /** @type {HTMLElement} */ (document.getElementById("curve-state"));
    this.select = /** @type {HTMLSelectElement} */ (document.getElementById("feature"));
    this.cursor = element("div", { className: "curve-cursor", "aria-hidden": "true" });
    /** @type {Curve|null} */
    this.curve = null;
    this.polls = 0;
    void this.#start(root.dataset.plotly ?? "");
  }

  /** @param {string} plotly */
  async #start(plotly) {
    await loadScript(plotly);
    this.library = /** @type {any} */ (globalThis).Plotly;
    this.select.addEventListener("change", () => void this.#choose());
    const offer = () => void this.#offerFeatures();
    this.select.addEventListener("focus", offer);
    this.select.closest("section")?.addEventListener("pointerenter", offer);
    for (const topic of /** @type {const} */ (["tracks", "selection"])) this.store.on(topic, () => this.#later());
    this.store.on("frame", () => this.#moveCursor());
    document.addEventListener("themechange", () => this.#later());
    await this.#draw();
    this.plot.on("plotly_click", (/** @type {any} */ event) => this.store.goTo(event.points[0].x - 1));
  }

  /** The names are those that the analysis side offers; before it has computed any, the box area alone is there. */
  async #offerFeatures() {
    if (!this.address || this.select.options.length > 1) return;
    const answer = await fetch(this.address, { credentials: "same-origin" }).catch(() => null);
    if (!answer?.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const group of page.querySelectorAll("select[data-feature] optgroup")) {
      for (const option of group.querySelectorAll("option")) option.removeAttribute("selected");
      this.select.append(document.adoptNode(group));
    }
  }

  get track() {
    return this.store.selectedTrack ?? this.store.mine[0] ?? this.store.model;
  }

  /** Boxes changed, or another track was chosen: draw again, soon. */
  #later() {
    if (this.select.value && this.curve) {
      this.curve.stale = true;
      this.#poll();
    }
    this.#showState();
    if (this.timer || this.store.isPlaying) return;
    this.timer = setTimeout(() => {
      this.timer = 0;
      void this.#draw();
    }, REDRAW_MS);
  }

  async #choose() {
    this.curve = null;
    this.polls = 0;
    if (this.select.value) await this.#fetch();
    await this.#draw();
  }

  async #fetch() {
    const feature = this.select.value;
    const query = new URLSearchParams({ feature });
    if (this.track && !this.track.isVirtual) query.set("track", this.track.id);
    const { status, body } = await request("GET", `${this.address}?${query}`).catch(() => ({ status: 0, body: null }));
    if (feature !== this.select.value) return;
    this.curve = status === 200 && body?.values?.length ? body : null;
    this.problem = status === 200 ? t("curve_missing") : t("notReached");
    if (!this.curve || this.curve.stale) this.#poll();
    this.#showState();
  }

  /** Read the curve again until it belongs to the boxes on screen. */
  #poll() {
    clearTimeout(this.pollTimer);
    const wait = POLL_MS[Math.min(this.polls, POLL_MS.length - 1)];
    this.polls += 1;
    this.pollTimer = setTimeout(async () => {
      if (!this.select.value) return;
      await this.#fetch();
      if (this.curve && !this.curve.stale) {
        this.polls = 0;
        await this.#draw();
      }
    }, wait);
  }

  #showState() {
    const isFeature = this.select.value !== "";
    const kind = !isFeature ? "live" : !this.curve ? "missing" : this.curve.stale ? "stale" : "fresh";
    const classes = { live: "status status-ok", fresh: "status status-ok", stale: "status status-warn", missing: "status status-wait" };
    this.state.className = classes[kind];
    this.state.dataset.kind = kind;
    const words = kind === "missing" ? this.problem ?? t("curve_missing") : t(`curve_${kind}`);
    if (this.state.textContent !== words) this.state.textContent = words;
  }

  /** @returns {{x: number[], y: (number|null)[], unit: string}} frames 1-based, as people count */
  #values() {
    if (this.select.value) {
      const { frames = [], values = [], unit = "" } = this.curve ?? {};
      return { x: frames.map((frame) => frame + 1), y: values, unit };
    }
    const { spacingMm, nFrames } = this.store.clip;
    const dense = this.track?.dense ?? [];
    const y = Array.from({ length: nFrames }, (_, i) => (dense[i] ? areaOf(dense[i].box, spacingMm) : null));
    return { x: y.map((_, i) => i + 1), y, unit: spacingMm ? "mm²" : "px²" };
  }

  async #draw() {
    const { x, y, unit } = this.#values();
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
    this.#moveCursor();
    this.#showState();
  }

  /** The cursor is an element of its own: moving it costs no redraw. */
  #moveCursor() {
    const axis = this.plot._fullLayout?.xaxis;
    if (axis) this.cursor.style.transform = `translateX(${axis._offset + axis.l2p(this.store.frame + 1)}px)`;
  }
}
