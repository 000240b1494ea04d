/** The few line icons of the client, drawn here so that nothing is fetched. */
import type { ComponentChildren, VNode } from "preact";

function Icon({
  children,
  size = 18,
}: {
  readonly children: ComponentChildren;
  readonly size?: number;
}): VNode {
  return (
    <svg
      class="icon"
      width={size}
      height={size}
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      stroke-width="1.6"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      {children}
    </svg>
  );
}

export const HashIcon = (): VNode => (
  <Icon size={16}>
    <path d="M8 3 6.2 17M13.8 3 12 17M3.5 7.4h13.2M3.2 12.6h13.2" />
  </Icon>
);
export const LockIcon = (): VNode => (
  <Icon size={16}>
    <rect x="4" y="9" width="12" height="8" rx="1.8" />
    <path d="M6.5 9V6.5a3.5 3.5 0 0 1 7 0V9" />
  </Icon>
);
export const HomeIcon = (): VNode => (
  <Icon size={20}>
    <path d="M3 9.2 10 3l7 6.2V16a1 1 0 0 1-1 1h-3.6v-4.6H7.6V17H4a1 1 0 0 1-1-1Z" />
  </Icon>
);
export const EyeIcon = (): VNode => (
  <Icon size={14}>
    <path d="M1.8 10S4.8 4.6 10 4.6 18.2 10 18.2 10 15.2 15.4 10 15.4 1.8 10 1.8 10Z" />
    <circle cx="10" cy="10" r="2.6" />
  </Icon>
);
export const SendIcon = (): VNode => (
  <svg class="icon" width="16" height="16" viewBox="0 0 20 20" aria-hidden="true">
    <path
      fill="currentColor"
      d="M2.4 2.6c-.3-.8.5-1.5 1.2-1.1l14 7.6c.7.4.7 1.4 0 1.8l-14 7.6c-.7.4-1.5-.3-1.2-1.1L5 11l6.5-1L5 9Z"
    />
  </svg>
);
export const BoltIcon = (): VNode => (
  <Icon>
    <path d="M11.5 2 4.5 11.2H10L8.5 18l7-9.2H10Z" />
  </Icon>
);
export const CloseIcon = (): VNode => (
  <Icon>
    <path d="m5 5 10 10M15 5 5 15" />
  </Icon>
);
export const BackIcon = (): VNode => (
  <Icon size={20}>
    <path d="M12.5 4 6.5 10l6 6" />
  </Icon>
);
export const ThreadIcon = (): VNode => (
  <Icon>
    <path d="M10 3.2c4.2 0 7.2 2.6 7.2 6s-3 6-7.2 6c-.9 0-1.8-.1-2.6-.4L3.6 16.6l.8-3.2A5.7 5.7 0 0 1 2.8 9.200c0-3.4 3-6 7.2-6Z" />
    <path d="M7 8h6M7 10.800h4" />
  </Icon>
);
export const ChartIcon = ({ size = 20 }: { readonly size?: number }): VNode => (
  <Icon size={size}>
    <path d="M4 16V11M8 16V7.500M12 16v-6M16 16V4" stroke-width="2.4" />
  </Icon>
);
export const CaretIcon = (): VNode => (
  <Icon size={14}>
    <path d="m5.5 8 4.5 4.500L14.5 8" />
  </Icon>
);
