import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { errorBody, media, seat, session, stage, stageHealth, streamHealth } from '@maydan/contracts';
import { OpenAPIGenerator, type OpenAPI } from '@orpc/openapi';
import type { AnyRouter } from '@orpc/server';
import { ZodToJsonSchemaConverter } from '@orpc/zod/zod4';
import express, { Router } from 'express';
import { restPrefix } from './rest.ts';

const swagger = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

/** The OpenAPI 3.1 document, from the schemas that validate. */
export async function openApiDocument(router: AnyRouter): Promise<OpenAPI.Document> {
  const generator = new OpenAPIGenerator({ schemaConverters: [new ZodToJsonSchemaConverter()] });
  const document = await generator.generate(router, {
    info: {
      title: 'Maydan',
      version: '1',
      description: 'Live streaming: accounts, stream keys, sessions, stages.',
    },
    servers: [{ url: restPrefix }],
    commonSchemas: {
      Session: { schema: session, strategy: 'output' },
      StreamHealth: { schema: streamHealth, strategy: 'output' },
      Media: { schema: media, strategy: 'output' },
      Stage: { schema: stage, strategy: 'output' },
      Seat: { schema: seat, strategy: 'output' },
      StageHealth: { schema: stageHealth, strategy: 'output' },
      Error: { schema: errorBody, strategy: 'output' },
    },
    components: {
      securitySchemes: { accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  });
  const refusal = {
    description: 'Refused or failed; `error.code` says why',
    content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
  };
  document.paths = { ...document.paths, ...besideContract };
  for (const path of Object.values(document.paths)) {
    for (const method of ['get', 'post', 'put', 'patch', 'delete'] as const) {
      const responses = path?.[method]?.responses;
      if (responses !== undefined) responses.default = refusal;
    }
  }
  return document;
}

const fileId = {
  ...{ name: 'id', in: 'path', required: true },
  schema: { type: 'string', format: 'uuid' },
} as const;

/** Routes beside the contract, whose bodies are bytes as they are. */
const besideContract: NonNullable<OpenAPI.Document['paths']> = {
  '/media/{id}/content': {
    put: {
      operationId: 'media.sendContent',
      summary: 'Send an announced file through the api, with its type and length; its content is checked',
      tags: ['Media'],
      security: [{ accessToken: [] }],
      parameters: [fileId],
      requestBody: { required: true, content: { '*/*': {} } },
      responses: {
        200: {
          description: 'OK',
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Media' } } },
        },
      },
    },
  },
  '/pictures/{id}/{size}': {
    get: {
      servers: [{ url: '/' }],
      operationId: 'pictures.get',
      summary: 'A picture of a profile or group, which everybody may see',
      tags: ['Media'],
      parameters: [
        fileId,
        { name: 'size', in: 'path', required: true, schema: { type: 'string', enum: ['full', 'thumbnail'] } },
      ],
      responses: { 200: { description: 'OK', content: { 'image/webp': {} } } },
    },
  },
};

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>Maydan API</title>
    <link rel="stylesheet" href="/api/docs/assets/swagger-ui.css" />
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="/api/docs/assets/swagger-ui-bundle.js"></script>
    <script src="/api/docs/start.js"></script>
  </body>
</html>
`;
const start = `SwaggerUIBundle({ url: '/api/docs/openapi.json', dom_id: '#swagger-ui', deepLinking: true });\n`;

/** `/api/docs`: the document as a page that loads nothing from elsewhere. */
export function docsRoutes(document: OpenAPI.Document): Router {
  const router = Router();
  router.get('/api/docs', (_request, response) => void response.type('html').send(page));
  router.get('/api/docs/start.js', (_request, response) => void response.type('js').send(start));
  router.get('/api/docs/openapi.json', (_request, response) => void response.json(document));
  router.use('/api/docs/assets', express.static(swagger, { index: false, maxAge: '1d' }));
  return router;
}
