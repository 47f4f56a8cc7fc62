/** The routes behind one Koa application: what happens to every request before and after its resource. */
import Router from '@koa/router';
import Koa from 'koa';
import { ByteBudget } from '../../shared/byte-budget.ts';
import { SatelliteError } from '../../shared/errors.ts';
import { HOST_NAME_FORM, parseHostName } from '../../shared/host-name.ts';
import { OnceLog } from '../../shared/log.ts';
import { plainAddress } from '../../shared/loopback.ts';
import { MAX_REPORT_BYTES, shown } from '../intake/index.ts';
import { Access, type Right } from './access.ts';
import { ClientGone, readJson } from './body.ts';
import type { Browsers } from './browsers.ts';
import { asSatelliteError, headersOf, lineOf, PROBLEM_TYPE, problemOf, WithHeaders } from './problem.ts';
import { checkParameters, faultOfParameters } from './query-parameters.ts';
import type { Answer, Call, Form, Route } from './route.ts';
import type { Services } from './services.ts';
import { withWarnings } from './warnings.ts';

/** Of all requests that are being read, together. */
const MAX_BODY_BYTES = 128 * 1024 * 1024;

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE']);

export function createApplication(routes: readonly Route[], services: Services, browsers: Browsers): Koa {
  const { settings, log, metrics } = services;
  const access = new Access(settings.tokens);
  const budget = new ByteBudget(MAX_BODY_BYTES);
  const ignored = new OnceLog(log, services.clock);
  const noteIgnored = (context: Koa.Context, { path, query = [] }: Route) => {
    const fault = faultOfParameters(context.query, query);
    if (fault === undefined) return;
    metrics.httpIgnoredParameters.inc();
    ignored.warn(path, 'query parameters ignored', { path, fault });
  };
  const router = new Router({ strict: true, sensitive: true });

  for (const route of routes) {
    router.register(route.path, [route.method], async (context: Koa.Context) => {
      const authorization = context.get('authorization') || undefined;
      const as = access.check(authorization, route.right);
      const form = formFor(context, route.forms);
      if (route.ignoresUnknownQuery) noteIgnored(context, route);
      else checkParameters(context.query, route.query ?? []);
      const may = (right: Right) => access.may(authorization, right);
      const plain = await route.handle(callOf(context, form, as, may, budget));
      const answer = route.right === 'write' ? withWarnings(plain, services.warnings()) : plain;
      if (route.forms.length > 1) context.vary('Accept');
      send(context, answer, form);
    });
  }

  const app = new Koa();
  // Every fault of a request is answered and logged below; only clients that disconnect while being answered end here.
  app.on('error', (error: unknown) => log.debug({ err: error }, 'client disconnected while being answered'));

  app.use(async (context, next) => {
    context.set({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
    metrics.httpInFlight.inc();
    try {
      await next();
    } catch (thrown) {
      if (thrown instanceof ClientGone) {
        context.respond = false;
        context.req.destroy();
        return;
      }
      const error = asSatelliteError(thrown, log, `${context.method} ${context.path}`);
      if (error.code === 'internal') metrics.faults.inc({ part: 'http' });
      sendProblem(context, error);
    } finally {
      metrics.httpInFlight.dec();
    }
    const method = METHODS.has(context.method) ? context.method : 'other';
    metrics.httpRequests.inc({ method, status: String(context.status) });
  });

  app.use(async (context, next) => {
    browsers.check(context.req);
    if (!METHODS.has(context.method))
      throw new SatelliteError('not-implemented', 'expected GET, HEAD, PUT, POST or DELETE');
    checkPath(context.path);
    await next();
  });

  app.use(router.middleware() as Koa.Middleware);

  app.use((context) => {
    const allowed = new Set(router.match(context.path, context.method).path.flatMap(({ methods }) => methods));
    if (allowed.size === 0) throw new SatelliteError('not-found', 'no such resource');
    const allow = [...allowed].sort().join(', ');
    throw new WithHeaders({ allow }, 'method-not-allowed', `expected ${allow}`, { allow: [...allowed].sort() });
  });
  return app;
}

function checkPath(path: string): void {
  try {
    decodeURIComponent(path);
  } catch {
    throw new SatelliteError('bad-request', 'the path is not well percent-encoded UTF-8');
  }
}

/** Includes the charset, so that `Accept` headers that name it match. */
const TYPES: Readonly<Record<Form, string>> = {
  json: 'application/json; charset=utf-8',
  text: 'text/plain; charset=utf-8',
  ndjson: 'application/x-ndjson; charset=utf-8',
};

/**
 * The offered form that the client prefers; the first one offered if it has no preference. Nothing is refused where the
 * answer has a type of its own.
 * @throws SatelliteError not-acceptable
 */
function formFor(context: Koa.Context, offered: readonly Form[]): Form {
  if (offered.length === 0 || context.get('accept').trim() === '') return offered[0] ?? 'json';
  const type = context.accepts(offered.map((form) => TYPES[form]));
  const form = offered.find((one) => TYPES[one] === type);
  if (form) return form;
  const types = offered.map((one) => TYPES[one].split(';', 1)[0]).join(' or ');
  throw new SatelliteError('not-acceptable', `this resource is available as ${types}`);
}

function callOf(context: Koa.Context, form: Form, as: string | null, may: Call['may'], budget: ByteBudget): Call {
  const params = context['params'] as Readonly<Record<string, string>>;
  const param = (name: string) => params[name] ?? '';
  return {
    form,
    actor: { as, remote: plainAddress(context.req.socket.remoteAddress ?? 'unknown') },
    may,
    param,
    host() {
      const found = param('host');
      const host = parseHostName(found);
      if (!host) throw new SatelliteError('bad-host-name', `found ${shown(found)}, expected ${HOST_NAME_FORM}`);
      return host;
    },
    query(name) {
      const value = context.query[name];
      return Array.isArray(value) ? value[0] : value;
    },
    body: () => readJson(context.req, MAX_REPORT_BYTES, budget),
  };
}

function send(context: Koa.Context, { status = 200, json, text, raw, stream }: Answer, form: Form): void {
  context.status = status;
  if (stream) {
    context.respond = false;
    context.res.writeHead(status, { 'content-type': stream.type });
    if (context.method === 'HEAD') context.res.end();
    else stream.write(context.res);
  } else if (raw) {
    context.type = raw.type;
    context.body = raw.text;
  } else if (form === 'text' && text) {
    const lines = text();
    context.type = TYPES.text;
    context.body = lines === '' ? '' : `${lines}\n`;
  } else {
    context.type = TYPES.json;
    context.body = `${JSON.stringify(json)}\n`;
  }
}

function sendProblem(context: Koa.Context, error: SatelliteError): void {
  context.status = error.status;
  context.set(headersOf(error));
  // Do not wait for the rest of the body.
  if (error.code === 'too-large' && !context.req.complete) context.set('connection', 'close');
  if (context.get('accept') && context.accepts([TYPES.json, TYPES.text]) === TYPES.text) {
    context.type = TYPES.text;
    context.body = `${lineOf(error)}\n`;
  } else {
    context.type = PROBLEM_TYPE;
    context.body = `${JSON.stringify(problemOf(error))}\n`;
  }
}
