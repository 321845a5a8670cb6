// @ts-check
/** Requests to the server. */

const TIMEOUT_MS = 20000;

/** Read at every request: it changes with a new login. @returns {string} */
function csrfToken() {
  return /(?:^|; )csrftoken=([^;]*)/.exec(document.cookie)?.[1] ?? "";
}

/**
 * @param {string} method @param {string} url @param {any} [body] @param {Record<string, string>} [headers]
 * @param {RequestInit} [options]
 * @returns {Promise<{status: number, body: any}>} rejects when there is no answer
 */
export async function request(method, url, body, headers = {}, options = {}) {
  const response = await fetch(url, {
    method,
    credentials: "same-origin",
    signal: AbortSignal.timeout(TIMEOUT_MS),
    headers: {
      Accept: "application/json",
      "X-CSRFToken": csrfToken(),
      ...(body !== undefined && { "Content-Type": "application/json" }),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
    ...options,
  });
  const text = await response.text();
  return { status: response.status, body: parsed(text) };
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return { detail: text.slice(0, 200) };
  }
}

/** The transport of the save queue. @param {{track: string, tracks: string}} urls */
export function transport(urls) {
  return async (/** @type {{kind: string, track: string, body: any, key: string, revision: number}} */ entry) => {
    if (entry.kind !== "patch") return request("POST", urls.tracks, entry.body, { "Idempotency-Key": entry.key });
    const headers = { "If-Match": `"${entry.revision}"`, "Idempotency-Key": entry.key };
    return request("PATCH", urls.track.replace("{track}", entry.track), entry.body, headers);
  };
}
