// The page: who is signed in, their items, and a form.

import { SignedOut, call, post, signInLink } from "./backend.js";

const at = (id) => document.getElementById(id);

function say(text) {
  at("message").textContent = text;
}

function show(isSignedIn) {
  at("items").hidden = !isSignedIn;
  at("sign-out").hidden = !isSignedIn;
  at("sign-in").hidden = isSignedIn;
}

function showSignedOut() {
  show(false);
  at("greeting").textContent = "Items";
  at("list").replaceChildren();
  at("sign-in").href = signInLink();
  say("You are not signed in.");
}

function showItems(items) {
  const lines = items.map((item) => {
    const line = document.createElement("li");
    // Text, never markup: others may have written it.
    line.textContent = item.name;
    return line;
  });
  at("list").replaceChildren(...lines);
  at("list").hidden = items.length === 0;
  say(items.length === 0 ? "You have no items yet." : "");
}

/** Runs a step. Whichever finds that nobody is signed in leads to the sign-in. */
async function attempt(step) {
  try {
    await step();
  } catch (error) {
    if (error instanceof SignedOut) showSignedOut();
    // `fetch` fails with a TypeError where the backend does not answer.
    else say(error instanceof TypeError ? "The site does not answer. Please try again." : error.message);
  }
}

async function load() {
  const me = await call("/api/me");
  at("greeting").textContent = `Items of ${me.name}`;
  show(true);
  showItems(await call("/api/items"));
}

at("form").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(async () => {
    await post("/api/items", { name: at("name").value });
    at("name").value = "";
    showItems(await call("/api/items"));
  });
});

// Somebody may have signed out in another tab meanwhile, or another user in.
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") attempt(load);
});

attempt(load);
