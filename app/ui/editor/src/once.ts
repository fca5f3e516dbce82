// What must not be sent twice, however long Enter is held.
import { useRef } from "preact/hooks";

/** Does a deed, unless the one before it is still under way. */
export function useOnce(): (deed: () => Promise<unknown>) => Promise<void> {
  const busy = useRef(false);
  return async (deed) => {
    if (busy.current) return;
    busy.current = true;
    await deed().finally(() => (busy.current = false));
  };
}
