// Copy the rows in view, and a window's width on each side, from `all` to `shown`: what
// a line costs to paint grows with its points, in view or not.

const {start, end} = x_range
const width = end - start
const held = shown._held
if (cb_obj === x_range && held !== undefined && start >= held[0] && end <= held[1]
    && width > 0.25 * (held[1] - held[0]) / 3) return

const from = start - width
const to = end + width
shown._held = [from, to]

const {data} = all
const x = data.x
let first = 0
while (first < x.length && !(x[first] >= from)) first++
let stop = x.length
while (stop > first && !(x[stop - 1] <= to)) stop--

const near = Object.entries(data).map(([name, column]) => [name, column.slice(first, stop)])
shown.setv({data: Object.fromEntries(near)}, {sync: false, check_eq: false})
