// Moves the focus into what has just appeared.
import { useEffect, useRef, type MutableRef } from "preact/hooks";

export function useFocus<T extends HTMLElement>(then?: (element: T) => void): MutableRef<T | null> {
  const its = useRef<T>(null);
  useEffect(() => {
    its.current?.focus();
    if (its.current) then?.(its.current);
  }, []);
  return its;
}
