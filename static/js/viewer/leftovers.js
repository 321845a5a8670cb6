// @ts-check
/** On the worklist: clips whose changes still wait on this computer, because the browser was closed too early. */
import { openDatabase } from "./storage.js";
import { element } from "./table.js";
import { setText, t } from "./text.js";

/** @returns {Promise<string[]>} identities of clips */
async function waitingClips(/** @type {string} */ user) {
  const database = await openDatabase(user);
  const request = database.transaction("entries").objectStore("entries").getAll();
  const entries = await new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  database.close();
  return [...new Set(/** @type {{clip: string}[]} */ (entries).map(({ clip }) => clip))];
}

async function show() {
  const place = document.getElementById("leftovers");
  if (!place) return;
  setText({ leftovers: place.dataset.text ?? "" });
  const clips = await waitingClips(place.dataset.user ?? "");
  if (!clips.length) return;
  const links = clips.flatMap((id, i) => [" ", element("a", { href: place.dataset.address?.replace("{clip}", id), textContent: String(i + 1) })]);
  place.append(t("leftovers", { count: clips.length }), ...links);
  place.hidden = false;
}

void show();
