"use strict";

const root = document.documentElement;
const articles = [...document.querySelectorAll("article")];
const menus = ["kind", "label", "suggestion"].map((name) => document.getElementById(name));
const flagged = document.getElementById("flagged");

/** Show the suspects that every menu lets through. */
function filter() {
  for (const article of articles) {
    const chosen = menus.every(({ id, value }) => value === "" || article.dataset[id] === value);
    article.hidden = !chosen || (flagged.checked && article.dataset.flagged === "0");
  }
  document.getElementById("visible").textContent = `${articles.filter(({ hidden }) => !hidden).length} / ${articles.length}`;
}

[...menus, flagged].forEach((control) => control.addEventListener("change", filter));
document.querySelectorAll(".views").forEach((views) =>
  views.addEventListener("click", () => views.parentElement.classList.toggle("large")));
document.getElementById("language").addEventListener("click", () => { root.lang = root.lang === "ko" ? "en" : "ko"; });

if (navigator.language.startsWith("ko")) root.lang = "ko";
filter();
