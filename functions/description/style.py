"""The style sheet of the page that describes the API."""

STYLE = """
:root{color-scheme:light dark;--text:#1c2024;--soft:#5b6570;--back:#fff;--panel:#f4f6f8;--line:#dde2e7;--link:#0b5cad;
--get:#0a6d3c;--post:#0b5cad;--put:#8a5a00;--delete:#b3261e}
@media(prefers-color-scheme:dark){:root{--text:#e4e8ec;--soft:#9aa5b1;--back:#14171a;--panel:#1d2226;--line:#343b42;
--link:#79b8ff;--get:#6fd39b;--post:#79b8ff;--put:#e6b450;--delete:#ff8f86}}
*{box-sizing:border-box}
html{scroll-padding-top:1rem}
body{margin:0;font:16px/1.55 system-ui,sans-serif;color:var(--text);background:var(--back);display:grid;
grid-template-columns:17rem minmax(0,1fr)}
nav{position:sticky;top:0;height:100vh;overflow:auto;padding:1.5rem 1rem;background:var(--panel);
border-right:1px solid var(--line);font-size:.92rem}
nav p,nav ul{margin:.35rem 0}nav ul{list-style:none;padding-left:1.1rem}nav li{margin:.25rem 0;line-height:1.35}
nav li a{color:var(--soft)}nav summary{cursor:pointer;padding:.15rem 0}
nav a{text-decoration:none}
main{max-width:62rem;padding:2rem clamp(1rem,4vw,3.5rem) 6rem}
h1,h2,h3,h4{line-height:1.25;margin:1.6em 0 .5em}h1{font-size:2rem;margin-top:0}
h2{font-size:1.5rem;border-bottom:1px solid var(--line);padding-bottom:.3rem;margin-top:3rem}
h3{font-size:1.15rem;margin:0 0 .4rem}h4{font-size:.85rem;color:var(--soft);margin-bottom:.3rem}
section>h3{margin-top:1.5rem}
a{color:var(--link)}a:hover{text-decoration:underline}
p,ul,dl{margin:.5rem 0}
code,pre{font:.875em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
code{overflow-wrap:anywhere}
pre{background:var(--panel);border:1px solid var(--line);border-radius:6px;padding:.8rem 1rem;overflow:auto}
pre code{overflow-wrap:normal}
article{padding:1.5rem 0;border-bottom:1px solid var(--line)}
section>article:last-child{border-bottom:0}
.route{font-size:1rem}.route b{font:600 .8rem/1 ui-monospace,Menlo,Consolas,monospace;border:1px solid;
border-radius:4px;padding:.2rem .45rem}
.get{color:var(--get)}.post{color:var(--post)}.put,.patch{color:var(--put)}.delete{color:var(--delete)}
.role,.limits{color:var(--soft)}.role{font-size:.92rem}
.media{padding-left:1.2rem}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.92rem}
th,td{text-align:left;vertical-align:top;padding:.4rem .8rem .4rem 0;border-top:1px solid var(--line)}
th{font-weight:400;width:11rem}td:nth-child(2){width:15rem}
.required{font-weight:600;color:var(--soft);font-size:.85em}
dt{margin-top:1rem;font-weight:600}dd{margin:.2rem 0 0}
@media(max-width:52rem){body{display:block}nav{position:static;height:auto;border-right:0;
border-bottom:1px solid var(--line)}main{padding-top:1.2rem}
table,tbody,tr,th,td{display:block;width:auto}tr{border-top:1px solid var(--line);padding:.5rem 0}
th,td,td:nth-child(2){border:0;padding:0;width:auto}}
@media print{nav{display:none}body{display:block}}
"""
