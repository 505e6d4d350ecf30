import type { MediaKind } from '@maydan/contracts';
import type { types } from 'mediasoup';

/** A codec of an offer, its payload type chosen by the offerer. */
export interface OfferedCodec {
  readonly payloadType: number;
  /** For example `video/H264`. */
  readonly mimeType: string;
  readonly clockRate: number;
  /** Audio only. */
  readonly channels: number | undefined;
  readonly parameters: Readonly<Record<string, string | number>>;
  readonly rtcpFeedback: readonly types.RtcpFeedback[];
}

export interface OfferedExtension {
  readonly uri: string;
  readonly id: number;
}

/** A stream that is told apart by its SSRC. */
export interface OfferedSsrc {
  readonly ssrc: number;
  readonly rtxSsrc: number | undefined;
}

/** A layer of simulcast, told apart by its RID (RFC 8852). */
export interface OfferedLayer {
  readonly rid: string;
  /** Restrictions of `a=rid` (RFC 8851), for example `max-width`. */
  readonly restrictions: Readonly<Record<string, string | number>>;
}

/** One m-line. */
export interface OfferedMedia {
  readonly mid: string;
  readonly kind: MediaKind;
  /** As in the m-line, for example `UDP/TLS/RTP/SAVPF`. */
  readonly protocol: string;
  /** In the offerer's order of preference. */
  readonly codecs: readonly OfferedCodec[];
  readonly extensions: readonly OfferedExtension[];
  readonly reducedSizeRtcp: boolean;
  readonly msid: string | undefined;
  readonly cname: string | undefined;
  readonly ssrcs: readonly OfferedSsrc[];
  /** As listed in `a=simulcast:send`, empty without simulcast. */
  readonly layers: readonly OfferedLayer[];
}

/** Where a client that is ICE lite waits for checks. */
export interface LiteAddress {
  readonly ip: string;
  readonly port: number;
}

/** What a WHIP or WHEP client offers: one bundled transport with at most one m-line of each kind. */
export interface Offer {
  readonly ice: { readonly usernameFragment: string; readonly password: string };
  readonly dtls: {
    /** The part that the offerer will play: the DTLS client, unless it insists on being the server. */
    readonly role: 'client' | 'server';
    readonly fingerprint: types.DtlsFingerprint;
  };
  /** Of a client that is ICE lite; null: it does full ICE, and we needn't know where it is. */
  readonly liteAddresses: readonly LiteAddress[] | null;
  readonly mixedExtensions: boolean;
  readonly media: readonly OfferedMedia[];
}
