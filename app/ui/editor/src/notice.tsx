// What went wrong or must be known, where its cause is: a sentence, the reason, a way out.
import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./icons";

interface Props {
  tone?: "fail" | "warn" | "plain";
  icon?: IconName;
  title: string;
  reason?: string;
  children?: ComponentChildren; // buttons: the ways out
}

const ICONS = { fail: "fail", warn: "warn", plain: "clock" } as const;

export function Notice({ tone = "plain", icon, title, reason, children }: Props) {
  return (
    <div class={tone === "plain" ? "note" : `note ${tone}`} role={tone === "fail" ? "alert" : "status"}>
      <Icon name={icon ?? ICONS[tone]} />
      <div class="grow">
        <p>
          <b>{title}</b>
        </p>
        {reason && <p>{reason}</p>}
        {children && <div class="act">{children}</div>}
      </div>
    </div>
  );
}
