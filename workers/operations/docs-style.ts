/** Style of `/docs` and of the pages about problems. */
export const DOCS_STYLE = `:root{--ink:#16202a;--soft:#5b6b7a;--line:#dfe5ea;--paper:#fff;--wash:#f5f7f9;--accent:#0b6e6e;--get:#0b6e4f;--post:#1d4fa8;--put:#8a5a00;--patch:#8a5a00;--delete:#a3262a}
@media (prefers-color-scheme:dark){:root{--ink:#e6ecf1;--soft:#9aabb9;--line:#2a3641;--paper:#11181f;--wash:#18212a;--accent:#4cc2b6;--get:#54c99a;--post:#7ea9f5;--put:#e0b25a;--patch:#e0b25a;--delete:#f0787c}}
*{box-sizing:border-box}
html{scroll-behavior:smooth;scroll-padding-top:4.5rem}
body{margin:0;font:16px/1.55 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
a{color:var(--accent);text-decoration:none}a:hover{text-decoration:underline}
code,pre,.path{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.875rem}
header{position:sticky;top:0;z-index:1;display:flex;gap:1rem;align-items:center;padding:.7rem 1.25rem;background:var(--paper);border-bottom:1px solid var(--line)}
.brand{font-weight:700;font-size:1.1rem;color:var(--ink)}.brand span{color:var(--accent)}
#filter{flex:1;max-width:28rem;padding:.45rem .7rem;border:1px solid var(--line);border-radius:8px;background:var(--wash);color:inherit;font:inherit}
.raw{margin-left:auto;font-size:.875rem}
.columns{display:grid;grid-template-columns:17rem minmax(0,1fr)}
nav{position:sticky;top:3.6rem;height:calc(100vh - 3.6rem);overflow:auto;padding:1rem 1rem 3rem 1.25rem;border-right:1px solid var(--line);font-size:.875rem}
nav h2{margin:1.1rem 0 .3rem;font-size:.72rem;letter-spacing:.08em;text-transform:uppercase;color:var(--soft)}
nav a{display:block;padding:.16rem 0;color:var(--ink);overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
main{max-width:56rem;padding:1.5rem 2rem 6rem}
main h1{margin:.2rem 0 1rem;font-size:1.9rem;line-height:1.2}
main h2{margin:3rem 0 .5rem;padding-bottom:.3rem;border-bottom:2px solid var(--accent);text-transform:capitalize}
.intro{color:var(--soft)}
article{margin:1.25rem 0;padding:1.1rem 1.25rem;border:1px solid var(--line);border-radius:12px}
article h3{margin:0 0 .4rem;font-size:1.05rem}
.line{display:flex;flex-wrap:wrap;gap:.6rem;align-items:center}
.method{min-width:3.6rem;padding:.1rem .45rem;border-radius:6px;text-align:center;font:700 .72rem/1.6 ui-monospace,monospace;color:var(--paper);background:var(--soft)}
.get{background:var(--get)}.post{background:var(--post)}.put{background:var(--put)}.patch{background:var(--patch)}.delete{background:var(--delete)}
.policy{margin-left:auto;padding:0 .5rem;border:1px solid var(--line);border-radius:99px;font-size:.75rem;color:var(--soft)}
.note{color:var(--soft);margin:.4rem 0}
h4{margin:1rem 0 .3rem;font-size:.78rem;letter-spacing:.05em;text-transform:uppercase;color:var(--soft)}
table{width:100%;border-collapse:collapse;font-size:.875rem}
td{padding:.3rem .6rem .3rem 0;border-top:1px solid var(--line);vertical-align:top}td:first-child{white-space:nowrap}
pre{margin:.3rem 0;padding:.75rem .9rem;overflow:auto;border-radius:8px;background:var(--wash)}
details{margin:.3rem 0}summary{cursor:pointer;color:var(--accent);font-size:.875rem}
button{float:right;padding:.1rem .6rem;border:1px solid var(--line);border-radius:6px;background:var(--paper);color:var(--soft);font-size:.75rem;cursor:pointer}
.loading{padding:2rem;color:var(--soft)}
.hidden{display:none}
.plain main{margin:12vh auto 0;text-align:center}
@media (max-width:48rem){.columns{display:block}nav{position:static;height:auto;max-height:40vh;border-right:0;border-bottom:1px solid var(--line)}main{padding:1rem}}
`;
