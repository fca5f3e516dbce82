// A button that copies a text and says so; where the browser forbids it, it says that.
import { useState } from "preact/hooks";

interface Props {
  text: () => string;
  label?: string;
  class?: string;
}

export function Copy({ text, label = "Copy", class: name = "btn" }: Props) {
  const [said, say] = useState("");
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text());
      say("Copied");
    } catch {
      say("Select and copy by hand"); // no permission, or a page without https
    }
    setTimeout(say, 2_000, "");
  };
  return (
    <button type="button" class={name} onClick={() => void copy()}>
      <span role="status">{said || label}</span>
    </button>
  );
}
