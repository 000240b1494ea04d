/** By which names Slack calls the buttons and forms of the set-up. */
export const OPEN_ACTION = "setup_open";
export const FORM_ACTION = "setup_form";
export const LIST_ACTION = "setup_list";
export const CHECK_ACTION = "setup_check";
export const REMOVE_ACTION = "setup_remove";
/** The governance feature listens to it. */
export const HISTORY_ACTION = "governance_history";

export const ORGANIZATION_VIEW = "setup_organization";
export const TEAM_VIEW = "setup_team";
export const BUDGET_VIEW = "setup_budget";
export const SOURCE_VIEW = "setup_source";
export const DIGEST_VIEW = "setup_digest";
export const APPROVAL_VIEW = "setup_approval";
export const ADMINS_VIEW = "setup_admins";
export const CODE_VIEW = "setup_code";
export const FIND_VIEW = "setup_find";
