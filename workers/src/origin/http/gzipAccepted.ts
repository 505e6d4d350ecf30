const REFUSES_GZIP = /\bgzip\s*;\s*q=0(?:\.0*)?\s*(?:,|$)/;

/** Whether an Accept-Encoding header allows gzip (RFC 9110 §12.5.3). */
export const gzipAccepted = (accepted: string | undefined): boolean =>
  accepted !== undefined && accepted.includes('gzip') && !REFUSES_GZIP.test(accepted);
