// Which star, and how far to trust what is shown of it.
export function render({model}) {
  const send = (command, value = null) => model.send_msg({command, value});
  const list = h("button.button", {"aria-expanded": "false", onclick: () => send("stars")}, icon("menu"), "Stars", keys("T"));
  const back = h("button.button.square", {"aria-label": "Previous star", title: "Previous star (←)", onclick: () => send("step", -1)}, icon("left"));
  const next = h("button.button.square", {"aria-label": "Next star", title: "Next star (→)", onclick: () => send("step", 1)}, icon("right"));
  const search = h("input", {type: "text", "aria-label": "Star", autocomplete: "off", spellcheck: "false"});
  const field = h("span.field.search", {}, h("span.faint", {}, icon("search", 16)), search, keys("/"));
  const counter = h("span.muted.counter");
  const facts = h("span.facts");
  const chips = h("span.chips", {role: "status", "aria-label": "How far to trust this star"});
  const save = h("button.button", {onclick: () => send("export")}, icon("download", 16), "Export");

  const leave = () => { search.value = model.state.star; search.blur(); };
  search.addEventListener("focus", () => search.select());
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      if (search.value.trim()) send("find", search.value);
      leave();
    }
    if (event.key === "Escape") leave();
  });
  search.addEventListener("blur", () => { if (!search.value.trim()) search.value = model.state.star; });
  model.on("msg:custom", (event) => {
    if ((event.data ?? event).focus === "search") search.focus();
  });

  const fact = ([title, value, wide, tip]) => h(`span.fact${wide ? ".wide" : ""}`, {title: tip || null}, h("span.muted", {}, title), " ", h("span.strong", {}, value));
  const chip = ({kind, text, tip}) => h(`span.chip.${kind}`, {title: tip || null}, icon(kind, 14), text);
  const draw = () => {
    const {star, place, facts: values, notes, transfer, listOpen, first, last} = model.state;
    search.value = star;
    list.setAttribute("aria-expanded", listOpen);
    back.disabled = first;
    next.disabled = last;
    counter.textContent = place;
    facts.replaceChildren(...values.map(fact));
    const good = notes.filter((note) => note.kind === "ok").map(chip);
    const poor = notes.filter((note) => note.kind !== "ok");
    const worst = poor.some((note) => note.kind === "bad") ? "bad" : "warning";
    const together = poor.length > 1
      ? [chip({kind: worst, text: `${poor.length} notes`, tip: poor.map((note) => note.tip || note.text).join("\n")})]
      : poor.map(chip);
    chips.replaceChildren(...good, h("span.each", {}, poor.map(chip)), h("span.together", {}, together),
      transfer ? h(`button.chip.${transfer.kind}`, {title: transfer.tip, onclick: () => send("transfer")}, icon(transfer.kind, 14), transfer.text) : "");
  };
  // notes that have no room side by side are counted instead
  const squeeze = () => {
    chips.classList.remove("crowded");
    const each = chips.querySelector(".each");
    chips.classList.toggle("crowded", chips.scrollWidth > chips.clientWidth || Boolean(each) && each.scrollWidth > each.clientWidth);
  };
  const settle = () => { draw(); requestAnimationFrame(squeeze); };
  model.on("state", settle);
  settle();
  const watcher = new ResizeObserver(squeeze);
  watcher.observe(chips.ownerDocument.documentElement);
  model.on("remove", () => watcher.disconnect());
  return h("section.bar", {"aria-label": "Star"}, list, h("span.pair", {}, back, next), field, counter,
    h("i.rule"), facts, h("i.rule"), chips, h("span.spacer"), save);
}
