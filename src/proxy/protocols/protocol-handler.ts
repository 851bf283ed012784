import type { Destination } from '../destination.js';
import type { EnvelopeRequest, ProtocolFields } from '../envelope-request.js';
import type { Visit } from '../visit.js';

/**
 * One `protocol` of POST gpu/proxy. `serve` is called once per request, after the common fields were checked, the
 * caller admitted and the destination found allowed; it runs the request and answers the visit, itself or by way of
 * ProxyService. `extraFields` names the members of the JSON that only this protocol has; their values come unchecked in
 * `envelope.extras`, and every other member was refused already.
 */
export interface ProtocolHandler extends ProtocolFields {
  /**
   * What a target_url with a scheme of the protocol's own means in http or https; undefined = the URL itself. Egress
   * rules are asked about that.
   */
  transportOf?(target: URL): URL | undefined;
  /** @throws DomainError (or rejects) when the request is refused before anything is sent, e.g. 422 for a field */
  serve(visit: Visit, envelope: EnvelopeRequest, destination: Destination): void | Promise<void>;
}
