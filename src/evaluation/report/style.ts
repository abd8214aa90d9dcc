/** Of the report page: plain, readable on paper too. */
export const style = `
body { font: 15px/1.5 system-ui, sans-serif; color: #1d2329; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin-bottom: 0; }
h2 { border-bottom: 2px solid #0b5c9e; margin-top: 2.5rem; }
h3 { margin: 2rem 0 0.5rem; }
table { border-collapse: collapse; margin: 0.75rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: 0.2rem 0.9rem 0.2rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid #e3e6ea; }
th[scope=row] { font-weight: normal; }
th, td:not(:last-child) { white-space: nowrap; }
.note { color: #5a626c; font-size: 0.9em; }
.use { background: #fdf3d8; border-left: 4px solid #c98a00; padding: 0.5rem 0.9rem; }
.warning { background: #fbe6df; border-left: 4px solid #b3501b; padding: 0.5rem 0.9rem; }
.figures { display: flex; flex-wrap: wrap; gap: 1rem 2rem; align-items: flex-start; }
figure { margin: 0.5rem 0; max-width: 100%; }
figcaption { color: #5a626c; font-size: 0.9em; max-width: 26rem; }
@media print { section { break-before: page; } figure, table { break-inside: avoid; } }
`;
