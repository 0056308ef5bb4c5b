/** How a call is made and answered. */
export interface Manner {
  form: 'text' | 'json' | 'paths';
  show: 'auto' | 'always' | 'never';
  /** The person pays whatever it costs. */
  approved: boolean;
  /** Steps are told where no terminal shows them. */
  isVerbose: boolean;
  isPaid: boolean;
}
