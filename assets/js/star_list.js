// All stars as a table of which only the rows in view exist; the server sends those.
const ROW = 26, SPARE = 12;

export function render({model}) {
  const send = (command, value = null) => model.send_msg({command, value});
  const title = h("span.sub");
  const pin = h("button.icon-button.small", {"aria-pressed": "false", title: "Keep open", "aria-label": "Keep open", onclick: () => send("pin")}, icon("pin", 17));
  const close = h("button.icon-button.small", {title: "Close", "aria-label": "Close the star list", onclick: () => send("close")}, icon("close", 18));
  const filter = h("input", {type: "text", placeholder: "snr > 60, flag …", "aria-label": "Filter stars", autocomplete: "off", spellcheck: "false"});
  const problem = h("div.problem", {role: "alert"});
  const menu = h("div.menu", {hidden: true, role: "group", "aria-label": "Columns"});
  const choose = h("button.button", {"aria-expanded": "false", onclick: () => {
    menu.hidden = !menu.hidden;
    choose.setAttribute("aria-expanded", String(!menu.hidden));
  }}, "Columns");
  const head = h("div.row.head", {role: "row"});
  // By height, not by element: rows are drawn anew while fits run behind a click.
  const pick = (event) => {
    const place = Math.floor((event.clientY - inner.getBoundingClientRect().top) / ROW);
    const row = model.state.rows[place - model.state.first];
    if (row) send("pick", row.id);
  };
  const inner = h("div.inner", {onclick: pick});
  const viewport = h("div.viewport.scroll", {tabindex: 0, role: "presentation"}, inner);
  const table = h("div.table", {role: "grid", "aria-label": "All stars"}, head, viewport);
  const foot = h("div.foot.muted");

  let waiting;
  filter.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => send("filter", filter.value), 250);
  });
  filter.addEventListener("keydown", (event) => {
    if (event.key === "Escape") filter.blur();
    if (event.key === "Enter") { clearTimeout(waiting); send("filter", filter.value); }
  });
  const range = () => {
    const first = Math.max(0, Math.floor(viewport.scrollTop / ROW) - SPARE);
    return [first, Math.ceil(viewport.clientHeight / ROW) + 2 * SPARE];
  };
  let asked = "", frame;
  const ask = () => {
    const wanted = range();
    if (String(wanted) === asked) return;
    asked = String(wanted);
    send("rows", wanted);
  };
  const count = () => {
    const {total, all, flagged} = model.state;
    const first = Math.min(total, Math.floor(viewport.scrollTop / ROW) + 1);
    const last = Math.min(total, Math.floor((viewport.scrollTop + viewport.clientHeight) / ROW));
    const written = (count) => String(count).replace(/\B(?=(\d{3})+$)/g, "\u2009");
    const of = total === all ? written(all) : `${written(total)} (of ${written(all)})`;
    const range = `${written(first)}–${written(Math.max(first, last))}`;
    foot.textContent = total ? `${range} of ${of} · ${written(flagged)} flagged` : "no star passes the filter";
  };
  viewport.addEventListener("scroll", () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => { ask(); count(); });
  });

  const headCell = ({name, title: text}, state) => {
    const sorted = state.sort === name;
    const arrow = sorted ? (state.descending ? " ↓" : " ↑") : "";
    return h("span.cell", {role: "columnheader", "aria-sort": sorted ? (state.descending ? "descending" : "ascending") : "none"},
      h("button", {onclick: () => send("sort", name)}, text + arrow));
  };
  const line = (row, place, star) => h(`div.row${row.id === star ? ".on" : ""}`,
    {role: "row", "aria-selected": String(row.id === star), "aria-rowindex": place + 2, style: `top: ${place * ROW}px`},
    h("span.cell", {role: "gridcell", title: row.id}, row.id),
    row.cells.map((text) => h("span.cell", {role: "gridcell"}, text)),
    h("span.flag", {role: "gridcell", title: row.tip || null},
      row.flag ? h(`span.${row.flag}`, {}, icon(row.flag, 14), h("span.visually-hidden", {}, row.tip)) : null));
  let shown = null;
  const drawn = {};
  const changed = (name, state) => {
    const before = drawn[name];
    drawn[name] = JSON.stringify(state);
    return drawn[name] !== before;
  };
  const draw = () => {
    const state = model.state;
    title.textContent = state.allText;
    pin.setAttribute("aria-pressed", String(state.pinned));
    problem.textContent = state.problem;
    if (document.activeElement !== filter && filter.getRootNode().activeElement !== filter) filter.value = state.filter;
    table.style.setProperty("--columns", state.columns.length);
    if (changed("head", [state.columns, state.sort, state.descending])) {
      redraw(head, headCell({name: "id", title: "star"}, state), ...state.columns.map((c) => headCell(c, state)), h("span.flag"));
    }
    if (changed("menu", state.choices)) {
      redraw(menu, ...state.choices.map(({name, title: text, on}) =>
        h("label", {}, h("input", {type: "checkbox", checked: on, onchange: () => send("column", name)}), text)));
    }
    inner.style.height = `${state.total * ROW}px`;
    if (changed("rows", [state.rows, state.first, state.star])) {
      inner.replaceChildren(...state.rows.map((row, i) => line(row, state.first + i, state.star)));
    }
    table.setAttribute("aria-rowcount", state.total + 1);
    if (state.place !== shown && state.place >= 0) {
      shown = state.place;
      const top = state.place * ROW;
      if (top < viewport.scrollTop) viewport.scrollTop = top;
      else if (top + ROW > viewport.scrollTop + viewport.clientHeight) viewport.scrollTop = top + ROW - viewport.clientHeight;
    }
    count();
  };
  model.on("state", draw);
  model.on("after_layout", ask);
  const watcher = new ResizeObserver(() => { ask(); count(); });
  watcher.observe(viewport);
  model.on("remove", () => watcher.disconnect());
  draw();
  return h("section.card", {"aria-label": "Stars"},
    h("div.title-row", {}, h("h2", {}, "Stars"), title, h("span.spacer"), pin, close),
    h("div.tools", {}, h("span.field", {}, h("span.faint", {}, icon("search", 16)), filter), choose), menu, problem, table, foot);
}
