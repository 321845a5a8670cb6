// @ts-check
/**
 * The first frame, on screen before the rest of the script has arrived: it needs nothing but its address and its place.
 * Its bytes are kept for the viewer, which takes over from here.
 */
import { fitView, pixelAspect } from "./geometry.js";

/** @param {string} address @returns {Promise<Blob>} */
async function bytesOf(address) {
  const response = await fetch(address, { credentials: "same-origin" });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response.blob();
}

async function paint() {
  const place = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
  const { clip, urls, startFrame } = JSON.parse(place("viewer-data").textContent);
  const bytes = bytesOf(urls.frame.replace("{index}", String(startFrame)));
  /** @type {any} */ (globalThis).firstFrame = { index: startFrame, bytes };
  const bitmap = await createImageBitmap(await bytes, { colorSpaceConversion: "none" });
  const [stage, canvas] = [place("stage"), place("picture")];
  if (stage.dataset.painted === undefined) {
    const { scaleX, scaleY, x, y } = fitView(clip, { width: stage.clientWidth || 1, height: stage.clientHeight || 1 }, pixelAspect(clip.spacingMm));
    Object.assign(canvas, { width: clip.width, height: clip.height });
    canvas.style.transform = `translate(${x}px, ${y}px) scale(${scaleX}, ${scaleY})`;
    canvas.getContext("2d", { alpha: false }).drawImage(bitmap, 0, 0);
    stage.dataset.painted = String(startFrame);
    stage.dispatchEvent(new CustomEvent("framepaint", { detail: startFrame }));
  }
  bitmap.close();
}

paint().catch(() => {}); // the viewer asks again and says what is wrong
