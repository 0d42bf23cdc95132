// Tell the server where pan, zoom or drag came to rest, once, not at every move.
clearTimeout(settled._timer)
settled._timer = setTimeout(() => {
  settled.data = {start: [x_range.start], end: [x_range.end]}
}, 120)
