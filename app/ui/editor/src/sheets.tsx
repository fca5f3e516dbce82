// The side sheets, one at a time.
import { SideSheet } from "./dialog";
import { FilesSheet } from "./files";
import { KEYS, MAC } from "./keys";
import { sheet } from "./panes";
import { ReplaysSheet } from "./replays";
import { SeesSheet } from "./sees";
import { SettingsSheet } from "./settings";
import { ShareSheet } from "./share";

const close = (): void => void (sheet.value = null);

export function Sheets() {
  switch (sheet.value?.name) {
    case "files":
      return <FilesSheet close={close} />;
    case "keys":
      return <KeysSheet />;
    case "replays":
      return <ReplaysSheet close={close} />;
    case "sees":
      return <SeesSheet of={sheet.value.of} known={sheet.value.known} close={close} />;
    case "settings":
      return <SettingsSheet close={close} />;
    case "share":
      return <ShareSheet close={close} />;
    default:
      return null;
  }
}

const NAMES: Record<string, string> = { Mod: MAC ? "⌘" : "Ctrl", Alt: MAC ? "⌥" : "Alt", Up: "↑", Down: "↓", Left: "←", Right: "→" };

function KeysSheet() {
  return (
    <SideSheet title="Keys" onClose={close}>
      <dl class="keys">
        {KEYS.map(([keys, what]) => (
          <div>
            <dt>
              {keys.split(" ").map((key) => (
                <kbd>{NAMES[key] ?? key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </SideSheet>
  );
}
