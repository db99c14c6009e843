// The backend, as the page calls it. The browser adds the session cookie by itself, and no
// script can read it.

/** Nobody is signed in: never, not any more, or not in this browser. */
export class SignedOut extends Error {}

export async function call(path, options = {}) {
  const answer = await fetch(path, { ...options, headers: { Accept: "application/json", ...options.headers } });
  if (answer.status === 401) throw new SignedOut();
  const body = await answer.json();
  if (!answer.ok) throw new Error(WORDS[answer.status] ?? "Something went wrong. Please try again.");
  return body;
}

export function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  return call(path, { method: "POST", headers, body: JSON.stringify(body) });
}

/** Where to sign in, and come back to this page. */
export function signInLink() {
  return "/sign-in?return_to=" + encodeURIComponent(location.pathname + location.search);
}

const WORDS = {
  403: "You may not do this.",
  422: "Enter a name.",
  502: "The API's answer could not be used.",
  503: "The API or Logto does not answer. Please try again shortly.",
};
