
"use strict";
(() => {
  const table = document.getElementById("all");
  const form = document.getElementById("filter");
  const said = document.getElementById("shown");
  const body = table.tBodies[0];
  const heads = Array.from(table.tHead.rows[0].cells);
  const rows = Array.from(body.rows, (row) => ({
    row,
    name: row.cells[0].textContent.toLowerCase(),
    tags: (row.dataset.t || "").split(" "),
  }));
  const marks = Array.from(form.elements.mark.options, (option) => option.value);
  const statuses = heads.flatMap((head, column) => (head.dataset.k === "mark" ? [column] : []));
  const collator = new Intl.Collator(undefined, { numeric: true });
  const text = (row, column) => row.cells[column].textContent;
  const keys = {
    name: text,
    late: (row, column) => (text(row, column) ? parseFloat((/[\d.]+/.exec(text(row, column)) || ["0"])[0]) : NaN),
    number: (row, column) => parseFloat(text(row, column)),
    mark: (row, column) => marks.indexOf(text(row, column)),
  };

  /* Rows without a value come last, whichever way the others are sorted. */
  const compare = (a, b, way) => {
    if (typeof a.key === "string") return way * collator.compare(a.key, b.key);
    if (Number.isNaN(a.key) || Number.isNaN(b.key)) return Number.isNaN(a.key) - Number.isNaN(b.key);
    return way * (a.key - b.key);
  };
  const sort = (head) => {
    const column = heads.indexOf(head);
    const way = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    const keyed = rows.map(({ row }) => ({ row, key: keys[head.dataset.k](row, column) }));
    keyed.sort((a, b) => compare(a, b, way));
    for (const other of heads) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", way > 0 ? "ascending" : "descending");
    body.append(...keyed.map(({ row }) => row));
  };

  /* A wish that ends in a star is met by every tag that begins so. */
  const isTagged = (tags, wish) =>
    !wish || tags.some((tag) => (wish.endsWith("*") ? tag.startsWith(wish.slice(0, -1)) : tag === wish));
  const filter = () => {
    const { text: typed, part, mark, tag } = form.elements;
    const words = typed.value.toLowerCase().split(/\s+/).filter(Boolean);
    const columns = part.value ? [Number(part.value)] : statuses;
    let count = 0;
    for (const { row, name, tags } of rows) {
      const fits =
        words.every((word) => name.includes(word)) &&
        isTagged(tags, tag.value) &&
        (!mark.value || columns.some((column) => text(row, column) === mark.value));
      row.hidden = !fits;
      count += fits;
    }
    said.textContent = count === rows.length ? `All ${count} are shown.` : `${count} of ${rows.length} are shown.`;
  };

  for (const head of heads) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(head));
    head.append(button);
  }
  form.addEventListener("input", filter);
  form.addEventListener("reset", () => setTimeout(filter));
  form.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-f]");
    if (!link) return;
    const [tag, part, mark] = link.dataset.f.split(",");
    form.reset();
    form.elements.tag.value = tag;
    form.elements.part.value = part || "";
    form.elements.mark.value = mark || "";
    filter();
  });
  form.hidden = false;
  filter();
})();
