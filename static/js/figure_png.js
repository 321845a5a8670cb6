/** A drawing that the server made, as a PNG: the browser draws it with its own fonts at twice the size. */

const SCALE = 2;

/** @param {string} url address of an SVG file @returns {Promise<Blob>} */
async function asPng(url) {
  const answer = await fetch(url, { credentials: "same-origin" });
  if (!answer.ok) throw new Error(String(answer.status));
  const source = URL.createObjectURL(new Blob([await answer.text()], { type: "image/svg+xml" }));
  try {
    const picture = new Image();
    picture.src = source;
    await picture.decode();
    const canvas = document.createElement("canvas");
    canvas.width = picture.naturalWidth * SCALE;
    canvas.height = picture.naturalHeight * SCALE;
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    return await new Promise((done) => canvas.toBlob(done, "image/png"));
  } finally {
    URL.revokeObjectURL(source);
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-png-of]");
  if (!button) return;
  button.disabled = true;
  try {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await asPng(button.dataset.pngOf));
    link.download = button.dataset.pngName;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  } catch {
    const area = document.getElementById("messages");
    area?.append(Object.assign(document.createElement("div"), {
      className: "alert alert-danger", role: "alert", textContent: document.body.dataset.textServerError,
    }));
  } finally {
    button.disabled = false;
  }
});
