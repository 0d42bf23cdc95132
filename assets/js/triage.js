// Stars strangest first, of which only the rows in view exist; and what is decided.
const ROW = 28, SPARE = 8;
const WORDS = {accepted: "ok", flagged: "bad"};

export function render({model}) {
  const send = (command, value = null) => model.send_msg({command, value});
  const sub = h("span.sub"), decided = h("span.muted.decided");
  const all = h("button.button.small", {hidden: true, onclick: () => send("all_stars")}, "All stars");
  const pick = (event) => {
    const place = Math.floor((event.clientY - inner.getBoundingClientRect().top) / ROW);
    const row = model.state.rows[place - model.state.first];
    if (row) send("pick", row.id);
  };
  const inner = h("div.inner", {onclick: pick, ondblclick: () => send("open_star")});
  const viewport = h("div.viewport.scroll", {tabindex: 0, role: "presentation"}, inner);
  const cell = (text) => h("span.cell", {role: "columnheader"}, text);
  const head = h("div.row.head", {role: "row"}, cell("star"), cell("anomaly"), cell("why"), cell("decision"));
  const table = h("div.table", {role: "grid", "aria-label": "Triage"}, head, viewport);
  const field = h("input", {type: "text", "aria-label": "Note", placeholder: "a note on this star", maxlength: 2000, autocomplete: "off"});
  const note = h("div.notes", {hidden: true}, h("span.field", {}, field));
  const action = (command, text, key, title) => h("button.button", {title, onclick: (event) => { if (event.detail) event.currentTarget.blur(); send(command); }}, text, keys(key));
  const actions = [action("accept", "Accept", "A", "Accept the star; once more takes it back"),
    action("flag", "Flag", "F", "Flag the star; once more takes it back"), action("note", "Note", "O", "Write a note on the star")];
  const open = action("open_star", "Open star", "↵", "Show the star on its own page");

  let edited = null;  // the star whose note is being written
  const keep = () => {
    if (edited !== null && field.value !== model.state.note) send("save_note", field.value);
    edited = null;
    note.hidden = true;
  };
  field.addEventListener("blur", keep);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") field.blur();
    if (event.key === "Escape") { edited = null; note.hidden = true; viewport.focus(); event.stopPropagation(); }
  });
  model.on("msg:custom", (event) => {
    if ((event.data ?? event).focus !== "note" || model.state.reason) return;
    edited = model.state.star;
    field.value = model.state.note;
    note.hidden = false;
    reveal(model.state.place);  // the list has become shorter
    field.focus();
  });

  const reveal = (place) => {
    const top = place * ROW;
    if (top < viewport.scrollTop) viewport.scrollTop = top;
    else if (top + ROW > viewport.scrollTop + viewport.clientHeight) viewport.scrollTop = top + ROW - viewport.clientHeight;
  };
  let asked = "", frame;
  const ask = () => {
    const wanted = [Math.max(0, Math.floor(viewport.scrollTop / ROW) - SPARE), Math.ceil(viewport.clientHeight / ROW) + 2 * SPARE];
    if (String(wanted) === asked) return;
    asked = String(wanted);
    send("rows", wanted);
  };
  viewport.addEventListener("scroll", () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(ask);
  });

  const line = (row, place, star, details) => h(`div.row${row.id === star ? ".on" : ""}`,
    {role: "row", "aria-selected": String(row.id === star), "aria-rowindex": place + 2, style: `top: ${place * ROW}px`, title: row.id === star && details ? details : null},
    h("span.cell", {role: "gridcell", title: row.id}, row.id),
    h("span.cell.score", {role: "gridcell"}, h("span.track", {"aria-hidden": "true"}, h("i", {style: `width: ${(100 * row.share).toFixed(1)}%`})), row.score),
    h("span.cell.why", {role: "gridcell"}, row.kind ? h(`span.${row.kind}`, {}, icon(row.kind, 14)) : null, h("span.text", {title: row.why || null}, row.why || "as usual")),
    h("span.cell.verdict", {role: "gridcell", title: row.note || null},
      row.note ? h("span.muted", {}, "note ") : null,
      row.verdict ? h(`span.${WORDS[row.verdict]}`, {}, icon(WORDS[row.verdict], 13), row.verdict) : null));
  let shown = null, drawn = "";
  const draw = () => {
    const state = model.state;
    sub.textContent = state.sub;
    decided.textContent = state.decided;
    all.hidden = !state.onlyFailed;
    inner.style.height = `${state.total * ROW}px`;
    const now = JSON.stringify([state.rows, state.first, state.star, state.details]);
    if (now !== drawn) {
      drawn = now;
      inner.replaceChildren(...state.rows.map((row, i) => line(row, state.first + i, state.star, state.details)));
    }
    table.setAttribute("aria-rowcount", state.total + 1);
    for (const button of actions) { button.disabled = Boolean(state.reason); }
    open.disabled = !state.star;
    if (edited !== null && edited !== state.star) { edited = null; note.hidden = true; }
    const {place, star} = state;
    if (shown === null) shown = star;  // at first the strangest are in view
    else if (star !== shown && place >= 0) {
      shown = star;
      reveal(place);
    }
  };
  model.on("state", draw);
  model.on("after_layout", ask);
  const watcher = new ResizeObserver(ask);
  watcher.observe(viewport);
  model.on("remove", () => watcher.disconnect());
  draw();
  return h("section.card", {"aria-label": "Triage of stars"},
    h("div.title-row", {}, h("h2", {}, "Triage"), helpButton("survey_triage"), sub, h("span.spacer"), all, decided),
    table, note, h("div.foot", {}, actions, h("span.spacer"), open));
}
