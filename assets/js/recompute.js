// The dialog that asks for other maps: method, settings, how far they are.
function recompute(model, send) {
  const method = h("select", {"aria-label": "Method"}, h("option", {value: "tsne"}, "t-SNE"), h("option", {value: "pca"}, "PCA, at once"));
  const stars = h("select", {"aria-label": "Stars"}, h("option", {value: "test"}, "test stars, unseen in training"), h("option", {value: "all"}, "all stars"));
  const input = (label, mode = "numeric") => h("input", {type: "text", inputmode: mode, "aria-label": label, autocomplete: "off", spellcheck: "false"});
  const fields = {
    perplexity: input("Perplexity", "decimal"), learning_rate: input("Learning rate", "text"),
    seed: input("Seed"), n_stars: input("Number of stars"),
  };
  const tsneOnly = [fields.perplexity, fields.learning_rate];
  const problem = h("p.problem", {role: "alert"}), notes = h("ul.notes"), running = progress(send);
  const start = h("button.button.start", {onclick: () => ask()}, "Compute");
  const row = (text, field, help) => h("label.line", {}, h("span", {}, text), field, h("span.help.muted", {}, help));
  const box = h("dialog", {"aria-label": "Recompute the maps"});
  box.append(
    h("div.title-row", {}, h("h2", {}, "Recompute the maps"), h("span.spacer"), h("button.icon-button.small", {"aria-label": "Close", onclick: () => box.close()}, icon("close", 18))),
    h("div.content", {},
      row("Method", method, "t-SNE begins at the principal components and takes a minute or so"),
      row("Perplexity", fields.perplexity, "how many neighbours count; 5 to 100"),
      row("Learning rate", fields.learning_rate, "auto: number of points / exaggeration"),
      row("Seed", fields.seed, "the same seed gives the same map"),
      row("Stars", stars, "of the survey that is open"),
      row("Number", fields.n_stars, "of each domain, at most"),
      problem, h("div.end", {}, running.element, h("span.spacer"), start), notes));
  box.addEventListener("click", (event) => { if (event.target === box) box.close(); });
  box.addEventListener("close", () => { delete document.documentElement.dataset.dialog; });
  const values = () => ({method: method.value, stars: stars.value, ...Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.value.trim()]))});
  let asked = false;
  const ask = () => {
    asked = true;
    send("compute_maps", values());
  };
  const grey = () => tsneOnly.forEach((field) => { field.disabled = method.value === "pca"; });
  method.addEventListener("change", grey);
  box.addEventListener("keydown", (event) => { if (event.key === "Enter" && event.target.tagName === "INPUT") ask(); });
  const opener = h("button.button", {"aria-haspopup": "dialog", onclick: () => open()}, "Recompute…");
  const open = () => {
    const {form} = model.state;
    method.value = form.method;
    stars.value = form.stars;
    for (const [name, field] of Object.entries(fields)) field.value = form[name];
    grey();
    document.documentElement.dataset.dialog = "recompute";
    box.showModal();
  };
  const update = () => {
    const {job, form} = model.state;
    const waits = Boolean(job) && job.share == null;
    if (asked && !waits) {
      if (!form.problem) box.close();
      asked = false;
    }
    running.update(job);
    start.disabled = waits || Boolean(form.reason);
    start.title = form.reason ?? "";
    opener.disabled = Boolean(form.reason);
    opener.title = form.reason ?? "";
    problem.textContent = form.problem ?? "";
    notes.replaceChildren(...form.notes.map((text) => h("li", {}, text)));
  };
  return {element: h("span", {}, opener, box), update};
}
