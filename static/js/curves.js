/** Patient page: the cine with its box beside the curve of a feature; the cursor follows the frame. */

import { CONFIG, withTheme } from "./plot_theme.js";

const DEFAULT_FPS = 20;
const BOX_COLOUR = "#56B4E9";
const CURSOR_COLOUR = "#D55E00";

const AXIS_TITLE = 20;

/** @param {string} text @returns {string} broken at spaces into lines that fit beside the plot */
function broken(text) {
  const lines = [""];
  for (const word of text.split(" ")) {
    const longer = lines.at(-1) ? `${lines.at(-1)} ${word}` : word;
    if (longer.length > AXIS_TITLE && lines.at(-1)) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines.join("<br>");
}

class CurvePanel {
  /** @param {HTMLElement} root a [data-curves] element */
  constructor(root) {
    this.root = root;
    this.player = JSON.parse(root.querySelector("script[type='application/json']").textContent);
    this.canvas = root.querySelector("canvas");
    this.canvas.width = this.player.width;
    this.canvas.height = this.player.height;
    this.slider = root.querySelector("input[type=range]");
    this.label = root.querySelector("[data-label]");
    this.plot = root.querySelector("[data-plot]");
    this.button = root.querySelector("[data-play]");
    this.images = new Map();
    this.frame = 0;
    this.playing = false;
    this.listen();
    this.show(0);
    if (this.plot) this.load();
  }

  listen() {
    this.slider.addEventListener("input", () => this.show(Number(this.slider.value)));
    this.button.addEventListener("click", () => this.toggle());
    this.root.querySelector("[data-feature]")?.addEventListener("change", () => this.load());
    document.addEventListener("themechange", () => this.curve && this.draw());
  }

  /** @param {number} index @returns {Promise<ImageBitmap>} */
  image(index) {
    if (!this.images.has(index)) {
      const address = this.root.dataset.frameUrl.replace(/\/0\/$/, `/${index}/`);
      const picture = fetch(address).then((answer) => {
        if (!answer.ok) throw new Error(`frame ${index}: ${answer.status}`);
        return answer.blob();
      });
      this.images.set(index, picture.then((blob) => createImageBitmap(blob)));
    }
    return this.images.get(index);
  }

  /** @param {number} index */
  async show(index) {
    this.frame = index;
    this.slider.value = String(index);
    this.label.textContent = `${index + 1} / ${this.player.n_frames}`;
    const picture = await this.image(index).catch(() => null);
    if (picture && this.frame === index) this.paint(picture);
    if (this.curve) this.moveCursor();
  }

  /** @param {ImageBitmap} picture */
  paint(picture) {
    const context = this.canvas.getContext("2d");
    context.drawImage(picture, 0, 0, this.canvas.width, this.canvas.height);
    const box = this.player.boxes[this.frame];
    if (!box) return;
    context.strokeStyle = BOX_COLOUR;
    context.lineWidth = Math.max(1.5, this.canvas.width / 220);
    context.setLineDash(this.player.source === "model" ? [8, 5] : []);
    context.strokeRect(box[0], box[1], box[2] - box[0], box[3] - box[1]);
  }

  toggle() {
    this.playing = !this.playing;
    this.button.setAttribute("aria-pressed", String(this.playing));
    if (this.playing) this.start();
  }

  /** Frames follow the clip's own times; a slow line skips frames rather than drift. */
  start() {
    const times = this.player.times_ms;
    const step = 1000 / (this.player.fps ?? DEFAULT_FPS);
    const timeOf = (index) => (times ? times[index] : index * step);
    const last = this.player.n_frames - 1;
    const total = timeOf(last) + step;
    const began = performance.now() - timeOf(this.frame);
    const tick = () => {
      if (!this.playing || !this.root.isConnected) return;
      const elapsed = (performance.now() - began) % total;
      let index = times ? times.findLastIndex((at) => at <= elapsed) : Math.floor(elapsed / step);
      index = Math.min(Math.max(index, 0), last);
      if (index !== this.frame) this.show(index);
      requestAnimationFrame(tick);
    };
    tick();
  }

  async load() {
    const select = this.root.querySelector("[data-feature]");
    const answer = await fetch(`${this.root.dataset.url}?feature=${encodeURIComponent(select.value)}`);
    if (!answer.ok) {
      this.plot.textContent = document.body.dataset.textServerError;
      return;
    }
    this.curve = await answer.json();
    this.draw();
  }

  draw() {
    const { frames, values, label, unit } = this.curve;
    if (!frames.length) {
      this.plot.textContent = this.root.dataset.textNone;
      return;
    }
    const x = [];
    const y = [];
    frames.forEach((frame, place) => {
      if (place && frame !== frames[place - 1] + 1) {
        x.push(null);
        y.push(null);
      }
      x.push(frame + 1);
      y.push(values[place]);
    });
    const trace = { x, y, mode: "lines", line: { color: BOX_COLOUR, width: 2 }, connectgaps: false, hovertemplate: "%{x}: %{y:.4g}<extra></extra>" };
    const layout = withTheme({
      height: 230,
      margin: { l: 56, r: 10, t: 8, b: 38 },
      xaxis: { title: { text: this.root.dataset.textFrame, standoff: 4 }, automargin: true, range: [1, this.player.n_frames] },
      yaxis: { title: { text: broken(unit && unit !== "1" ? `${label} (${unit})` : label), standoff: 8, font: { size: 12 } }, automargin: true },
      shapes: [this.cursor()],
    });
    globalThis.Plotly.react(this.plot, [trace], layout, CONFIG).then(() => {
      this.plot.removeAllListeners?.("plotly_click");
      this.plot.on("plotly_click", (event) => this.show(event.points[0].x - 1));
    });
  }

  cursor() {
    const at = this.frame + 1;
    return { type: "line", x0: at, x1: at, yref: "paper", y0: 0, y1: 1, line: { color: CURSOR_COLOUR, width: 1.5 } };
  }

  moveCursor() {
    if (this.curve.frames.length) globalThis.Plotly.relayout(this.plot, { shapes: [this.cursor()] });
  }
}

function begin() {
  for (const root of document.querySelectorAll("[data-curves]:not([data-begun])")) {
    root.dataset.begun = "1";
    new CurvePanel(root);
  }
}

document.addEventListener("htmx:afterSettle", begin);
begin();
