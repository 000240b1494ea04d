/**
 * The subset of Block Kit that we use, as types; `blocks.ts` makes them within Slack's limits.
 * Slack's own types allow much more than Slack accepts, and lack what is new.
 */

export interface SlackMessage {
  /** A whole sentence: shown in notifications and read by screen readers. Never empty. */
  readonly text: string;
  readonly blocks: readonly Block[];
}

export interface Modal {
  readonly type: "modal";
  readonly callback_id: string;
  readonly title: PlainText;
  readonly submit?: PlainText;
  readonly close: PlainText;
  readonly private_metadata: string;
  readonly blocks: readonly Block[];
}

export interface HomeView {
  readonly type: "home";
  readonly blocks: readonly Block[];
}

export interface PlainText {
  readonly type: "plain_text";
  readonly text: string;
  readonly emoji: boolean;
}
export interface Mrkdwn {
  readonly type: "mrkdwn";
  readonly text: string;
  /** True: Slack turns no name or address of the text into a link or mention by itself. */
  readonly verbatim: true;
}

export type Block =
  | { readonly type: "header"; readonly text: PlainText }
  | { readonly type: "divider" }
  | {
      readonly type: "section";
      readonly text?: Mrkdwn;
      readonly fields?: readonly Mrkdwn[];
      readonly accessory?: Button;
    }
  | { readonly type: "context"; readonly elements: readonly Mrkdwn[] }
  | {
      readonly type: "actions";
      readonly block_id?: string;
      readonly elements: readonly (Button | Menu)[];
    }
  | {
      readonly type: "input";
      readonly block_id: string;
      readonly label: PlainText;
      readonly hint?: PlainText;
      readonly optional: boolean;
      readonly element: InputElement;
    }
  | ChartBlock
  | DataTableBlock
  | TableBlock
  | ImageBlock;

/** Messages only, two of them at most; Slack's types lack it. Made by `chart`. */
export interface ChartBlock {
  readonly type: "data_visualization";
  readonly title: string;
  readonly chart: Chart;
}

export type Chart =
  | { readonly type: "pie"; readonly segments: readonly ChartPoint[] }
  | {
      readonly type: "bar" | "line" | "area";
      readonly series: readonly { readonly name: string; readonly data: readonly ChartPoint[] }[];
      readonly axis_config: {
        readonly categories: readonly string[];
        readonly y_label?: string;
      };
    };

export interface ChartPoint {
  readonly label: string;
  readonly value: number;
}

/** Messages only, one of either table at most. The first row is the header. */
export interface DataTableBlock {
  readonly type: "data_table";
  readonly caption: string;
  readonly rows: readonly (readonly TableCell[])[];
  readonly page_size: number;
  readonly row_header_column_index: number;
}

export type TableCell =
  | RawText
  | { readonly type: "raw_number"; readonly value: number; readonly text: string };

interface RawText {
  readonly type: "raw_text";
  readonly text: string;
}

/** The older, plain table: no numbers, since Slack's API refuses `raw_number` here. */
export interface TableBlock {
  readonly type: "table";
  readonly rows: readonly (readonly RawText[])[];
  readonly column_settings: readonly { readonly align: "left" | "right" }[];
}

/** An uploaded picture. Its alternative text tells what it shows. */
export interface ImageBlock {
  readonly type: "image";
  readonly slack_file: { readonly id: string };
  readonly alt_text: string;
  readonly title?: PlainText;
}

export interface Button {
  readonly type: "button";
  readonly action_id: string;
  readonly text: PlainText;
  /** An opaque id: what may be done is decided by who clicks, never by what the button says. */
  readonly value: string;
  readonly style?: "primary" | "danger";
  readonly accessibility_label?: string;
  readonly confirm?: {
    readonly title: PlainText;
    readonly text: PlainText;
    readonly confirm: PlainText;
    readonly deny: PlainText;
    readonly style?: "primary" | "danger";
  };
}

/** A list to choose from in a message: what is chosen comes as the action's value. */
export interface Menu {
  readonly type: "static_select";
  readonly action_id: string;
  readonly placeholder: PlainText;
  readonly options: readonly SelectOption[];
  readonly initial_option?: SelectOption;
}

export type InputElement =
  | {
      readonly type: "plain_text_input";
      readonly action_id: string;
      readonly multiline?: boolean;
      readonly max_length?: number;
      readonly initial_value?: string;
      readonly placeholder?: PlainText;
    }
  | { readonly type: "users_select"; readonly action_id: string }
  | {
      readonly type: "multi_users_select";
      readonly action_id: string;
      readonly placeholder?: PlainText;
      /** Absent rather than empty. */
      readonly initial_users?: readonly string[];
      readonly max_selected_items?: number;
    }
  | {
      readonly type: "conversations_select";
      readonly action_id: string;
      readonly placeholder?: PlainText;
      readonly initial_conversation?: string;
      readonly filter: {
        readonly include: readonly ("public" | "private")[];
        readonly exclude_bot_users?: boolean;
      };
    }
  | { readonly type: "timepicker"; readonly action_id: string; readonly initial_time?: string }
  | {
      readonly type: "datepicker";
      readonly action_id: string;
      readonly initial_date?: string;
    }
  | {
      readonly type: "static_select";
      readonly action_id: string;
      readonly options: readonly SelectOption[];
      readonly initial_option?: SelectOption;
    }
  | {
      readonly type: "checkboxes";
      readonly action_id: string;
      readonly options: readonly SelectOption[];
      readonly initial_options?: readonly SelectOption[];
    };

export interface SelectOption {
  readonly text: PlainText;
  readonly value: string;
  /** Of a checkbox only: what it means, in small print. */
  readonly description?: PlainText;
}
