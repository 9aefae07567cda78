"use strict";
// What the page does beyond being read: sorting, search, CSV, links into closed or packed sections.
// Nothing here computes a figure, and nothing is fetched: all of it works on what stands in the page.
(() => {
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const valueOf = (cell) => (cell.dataset.value !== undefined ? cell.dataset.value : cell.textContent);

  // -- packed sections: base64 of gzip, unpacked once, when first opened ---------------------------------------
  const inflate = (packed) => {
    const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  };
  const unpack = async (details) => {
    const body = details.querySelector(":scope > .body[data-packed]");
    if (!body) return;
    const packed = body.dataset.packed;
    delete body.dataset.packed;
    // The packed text is this page's own template output, escaped where it was made; the policy in the head allows
    // no script but this one, whatever the text holds.
    body.innerHTML = await inflate(packed);
    prepare(body);
    if (search && search.value) find();
  };

  // -- links: open whatever the target lies in -------------------------------------------------------------------
  const reveal = async () => {
    const id = decodeURIComponent(location.hash.slice(1));
    if (!id) return;
    if (!document.getElementById(id)) {
      const inside = all("details.campaign").filter((details) => id.startsWith(details.id + "-"));
      for (const details of inside) await unpack(details);
    }
    const target = document.getElementById(id);
    if (!target) return;
    for (let node = target; node; node = node.parentElement) {
      if (node.tagName === "DETAILS") {
        node.hidden = false;
        await unpack(node);
        node.open = true;
      }
    }
    target.scrollIntoView();
    const heading = target.querySelector("summary, h2, h3, h4") || target;
    if (!heading.matches("summary")) heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  };

  // -- sorting ---------------------------------------------------------------------------------------------------
  const sort = (heading) => {
    const table = heading.closest("table");
    const index = heading.cellIndex;
    const down = heading.getAttribute("aria-sort") !== "descending" && (heading.classList.contains("n") || heading.getAttribute("aria-sort") === "ascending");
    const numeric = heading.classList.contains("n");
    const words = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
    const keyed = all("tbody > tr", table).map((row) => [numeric || !row.cells[index].querySelector("a") ? valueOf(row.cells[index]) : row.cells[index].textContent, row]);
    keyed.sort(([a], [b]) => {
      if (a === "" || b === "") return (a === "") - (b === ""); // nothing known goes last, either way
      const order = numeric ? Number(a) - Number(b) : words.compare(a, b);
      return down ? -order : order;
    });
    all("th", table).forEach((other) => other.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    table.tBodies[0].append(...keyed.map(([, row]) => row));
  };

  // -- CSV -------------------------------------------------------------------------------------------------------
  // A text that a spreadsheet would run as a formula gets an apostrophe before it; numbers stay numbers.
  const field = (value, number) => {
    const safe = !number && /^[=+\-@\t\r\n]/.test(value) ? "'" + value : value;
    return /[",\r\n]/.test(safe) || safe !== safe.trim() ? '"' + safe.replaceAll('"', '""') + '"' : safe;
  };
  const csv = (table) => {
    const columns = table.dataset.columns.split(" ");
    const headings = all("th[data-column]", table);
    const numbers = new Set(headings.filter((heading) => heading.classList.contains("n")).map((heading) => heading.dataset.column));
    // A table of facts is one row set downwards.
    const facts = table.classList.contains("facts");
    const records = facts ? [table.tBodies[0]] : all("tbody > tr", table);
    const lines = records.map((record) => {
      const values = {};
      headings.forEach((heading, index) => {
        const cell = facts ? heading.nextElementSibling : record.cells[index];
        values[heading.dataset.column] = valueOf(cell);
        const parts = (heading.dataset.parts || "").split(" ").filter(Boolean);
        all("data", cell).forEach((part, place) => {
          values[parts[place]] = part.value;
          numbers.add(parts[place]);
        });
      });
      return columns.map((column) => field(values[column] ?? "", numbers.has(column))).join(",");
    });
    return [columns.join(","), ...lines, ""].join("\r\n");
  };
  // A table that is printed in part has its rows packed in the button, as the published file has them.
  const packedCsv = async (packed) => {
    const { columns, numbers, rows } = JSON.parse(await inflate(packed));
    const isNumber = columns.map((column) => numbers.includes(column));
    return [columns.join(","), ...rows.map((row) => row.map((value, index) => field(value, isNumber[index])).join(",")), ""].join("\r\n");
  };
  const save = async (button) => {
    const table = button.closest(".table").querySelector("table");
    const text = button.dataset.rows ? await packedCsv(button.dataset.rows) : csv(table);
    const campaign = table.closest("details.campaign");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/csv;charset=utf-8" }));
    link.download = table.dataset.table + (campaign ? "." + campaign.id : "") + ".csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  };

  // -- definitions: written once in the page, shown where they are asked for ---------------------------------------
  const define = (details) => {
    const meaning = document.getElementById(details.dataset.definition);
    if (meaning && !details.querySelector(".words")) details.lastElementChild.after(meaning.querySelector(".words").cloneNode(true));
  };

  function prepare(root) {
    all("details.definition", root).forEach((details) => details.addEventListener("toggle", () => details.open && define(details)));
    all(".body[data-packed]", root).forEach(({ parentElement: details }) => details.addEventListener("toggle", () => details.open && unpack(details)));
  }

  // -- search ----------------------------------------------------------------------------------------------------
  const search = document.getElementById("search");
  const find = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const campaigns = all("details.campaign");
    let count = 0;
    all("[data-find]").forEach((node) => {
      const hit = words.every((word) => node.dataset.find.includes(word));
      node.hidden = !hit;
      if (hit && node.matches("details.campaign")) count += 1;
    });
    all("details.more").forEach((more) => { more.open = words.length > 0; });
    document.getElementById("found").textContent = words.length ? `${count} of ${campaigns.length}` : "";
  };

  // -- lines to copy: to the clipboard, or selected where the browser refuses it --------------------------------------
  const copy = async (button) => {
    const lines = document.getElementById(button.dataset.lines);
    const said = button.parentElement.querySelector("[role=status]");
    getSelection().selectAllChildren(lines);
    try {
      await navigator.clipboard.writeText(lines.textContent);
      said.textContent = "Copied.";
    } catch {
      said.textContent = "Selected: copy it with your keyboard.";
    }
  };

  // -- what was done to one person: unpacked when the search is first used --------------------------------------------
  const asked = document.getElementById("trace");
  const MOST_SHOWN = 25;
  let everybody;
  const people = () => (everybody ??= inflate(asked.closest("[data-people]").dataset.people).then(JSON.parse));
  const fill = (details, person) => {
    if (details.dataset.filled) return;
    details.dataset.filled = "yes";
    const headings = all("th", details);
    details.querySelector("tbody").append(...person.rows.map((cells) => {
      const row = document.createElement("tr");
      row.append(...cells.map((content, index) => {
        const cell = document.createElement("td");
        const [text, value] = Array.isArray(content) ? content : [content];
        cell.textContent = text;
        cell.className = headings[index].className;
        if (value !== undefined) cell.dataset.value = value;
        return cell;
      }));
      return row;
    }));
  };
  const matches = (words) => {
    const digits = /^[\d\s()+./-]+$/.test(words) ? words.replace(/\D/g, "").replace(/^00/, "") : "";
    const parts = words.split(/\s+/);
    return (person) => person.key.toLowerCase() === words || (digits.length > 3 && person.digits.includes(digits)) || parts.every((part) => person.find.includes(part));
  };
  const trace = async () => {
    const words = asked.value.trim().toLowerCase();
    const said = document.getElementById("traced");
    const found = words.length < 2 ? [] : (await people()).filter(matches(words));
    if (words !== asked.value.trim().toLowerCase()) return; // typed on meanwhile
    const exact = found.filter((person) => person.key.toLowerCase() === words);
    const shown = (exact.length ? exact : found).slice(0, MOST_SHOWN);
    const shell = document.getElementById("person").content;
    document.getElementById("persons").replaceChildren(...shown.map((person) => {
      const details = shell.cloneNode(true).firstElementChild;
      details.querySelector("b").textContent = person.name || person.key;
      details.querySelector(".facts-of").textContent = (person.name ? person.key + " · " : "") + person.facts;
      details.querySelector(".scroll").setAttribute("aria-label", person.name || person.key);
      details.addEventListener("toggle", () => details.open && fill(details, person));
      if (shown.length === 1) {
        fill(details, person);
        details.open = true;
      }
      return details;
    }));
    const count = exact.length || found.length;
    said.textContent = words.length < 2 ? "" : !count ? "Nobody in this page: ask the published file." : count > MOST_SHOWN ? `${count} people, the first ${MOST_SHOWN} below` : count === 1 ? "1 person" : `${count} people`;
  };
  const traceOf = async (key) => {
    asked.value = key;
    await trace();
    document.getElementById("contact-trace").scrollIntoView();
    asked.focus({ preventScroll: true });
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.matches(".csv")) save(button);
    else if (button.matches(".copy")) copy(button);
    else if (button.matches("button.trace")) traceOf(button.dataset.person);
    else if (button.matches("th button")) sort(button.closest("th"));
  });
  if (search) {
    search.addEventListener("input", find);
    search.addEventListener("keydown", (event) => {
      if (event.key === "Enter") {
        const first = all("details.campaign").find((details) => !details.hidden);
        if (first) location.hash = first.id;
      }
    });
    if (search.value) find(); // a browser that restores the field after a reload
  }
  if (asked) {
    asked.addEventListener("input", trace);
    if (asked.value) trace();
  }
  window.addEventListener("hashchange", reveal);
  prepare(document);
  reveal();
})();
