"""HTML and scripts from a kernel as whole documents for a sealed frame.

The frame must be `<iframe sandbox="allow-scripts" srcdoc=…>`, never with allow-same-origin: its scripts then have
an origin of their own, without the page, its storage or its cookies. The policy inside keeps them from the
network. One thing it cannot forbid is that the frame navigates itself away, so the page around it must send
`Content-Security-Policy: frame-src 'self'`.

Browsers that do not know the policy's `webrtc` (Chromium among them) would still let WebRTC send packets, so its
constructors are taken away, and with them frames within the frame, which would bring them back. That is a hurdle, not a
wall: a shadow root declared in the markup can hide such a frame.

Each document tells its height in CSS pixels: `parent.postMessage({type: "height", height}, "*")`. The page must match
`event.source` with the frame and bound the number; anything in the frame can send the same.
"""

import re

LIMIT = 6 * 1024 * 1024
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; "
    "font-src data:; media-src data: blob:; form-action 'none'; base-uri 'none'; webrtc 'block'"
)
# What ends or swallows a script element; outside of strings neither means anything in JavaScript.
_ENDING = re.compile(r"<(?P<rest>/script|!--)", re.IGNORECASE)
_BEGINNING = f"""<!doctype html>
<html lang="en"><head><meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta charset="utf-8"><meta name="referrer" content="no-referrer"><title>Output</title>
<style>:root{{color-scheme:light;background:#fff}}body{{margin:8px;font:14px/1.5 system-ui,sans-serif;color:#15191C}}
table{{border-collapse:collapse}}th,td{{padding:4px 8px;text-align:right}}</style>
<script>{{for(const name of ["RTCPeerConnection","webkitRTCPeerConnection"])
Object.defineProperty(self,name,{{value:undefined}});
const watcher=new MutationObserver(changes=>changes.forEach(({{target}})=>
target.querySelectorAll("iframe,frame,object,embed").forEach(it=>it.remove())));
const watch=root=>(watcher.observe(root,{{childList:true,subtree:true}}),root);watch(document);
const attach=Element.prototype.attachShadow;
Element.prototype.attachShadow=function(init){{return watch(attach.call(this,init))}};
addEventListener("load",()=>{{const root=document.documentElement;
const tell=()=>parent.postMessage({{type:"height",height:Math.ceil(root.getBoundingClientRect().height)}},"*");
new ResizeObserver(tell).observe(root);tell()}})}}</script></head><body>
"""


def from_html(markup: str) -> str:
    """A document that shows the HTML; its policy stands before anything of it can be read."""
    return f"{_BEGINNING}{markup}\n</body></html>"


def from_script(script: str) -> str:
    """A document that runs the script, with `element` as the place to draw in, as in Jupyter."""
    kept = _ENDING.sub(r"<\\\g<rest>", script)
    return from_html(
        f'<div id="output"></div><script>const element=document.getElementById("output");\n{kept}\n</script>'
    )
