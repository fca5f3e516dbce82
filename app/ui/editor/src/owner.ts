// The key that makes sessions this browser's: 256 random bits, kept by the browser, of which the server stores only a hash.
const NAME = "codegen-playground-owner";
let memory = "";
export let remembered = true; // false: storage is not available, the key lives as long as the page

export function ownerKey(): string {
  if (memory) return memory;
  memory = stored() ?? fresh();
  return memory;
}

function stored(): string | null {
  try {
    const key = localStorage.getItem(NAME);
    return key && /^[\w-]{43}$/.test(key) ? key : null;
  } catch {
    return null; // storage is switched off or the page is sandboxed
  }
}

function fresh(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  const key = btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  try {
    localStorage.setItem(NAME, key);
    return localStorage.getItem(NAME) ?? key; // another tab may have written first
  } catch {
    remembered = false;
    return key;
  }
}
