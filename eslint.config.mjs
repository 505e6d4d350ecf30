import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import { defineConfig, globalIgnores } from 'eslint/config';
import ts from 'typescript-eslint';

const restrictedEverywhere = [
  {
    selector: 'TSAsExpression > TSAsExpression[typeAnnotation.type="TSUnknownKeyword"]',
    message: 'A cast over unknown switches the type checker off: parse the value with its schema.',
  },
];
const restrictedInServices = {
  selector: 'MemberExpression[object.name="process"][property.name="env"]',
  message: 'The environment is read in config.ts alone.',
};
const restrictedInTests = [
  {
    selector: 'MemberExpression[object.name=/^(it|test|describe)$/][property.name=/^(only|skip|todo)$/]',
    message: 'Every test runs, always.',
  },
  {
    selector: 'MemberExpression[object.name="jest"][property.name=/^(mock|unstable_mockModule|doMock)$/]',
    message: 'Test the real thing, or pass what is needed as an argument.',
  },
];
const tests = ['**/*.test.ts', '**/*.test.tsx', 'tests/**/*.ts', '**/testing/**/*.ts'];

export default defineConfig(
  globalIgnores(['**/dist', '**/generated', '**/coverage', '.data', '.dependency-cruiser.cjs']),
  // What a rule forbids is forbidden: no comment switches it off.
  { linterOptions: { noInlineConfig: true } },
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [ts.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-unused-vars': [
        'error',
        {
          argsIgnorePattern: '^_',
          destructuredArrayIgnorePattern: '^_',
          varsIgnorePattern: '^_',
          ignoreRestSiblings: true,
        },
      ],
      // Returning what returns nothing, and naming it void, reads well in one-line functions.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      // Takes what another task changes during an await (an aborted signal) for constant.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // Recurses without end over the types of oRPC's routers (typescript-eslint 8.73).
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      'max-lines': ['error', 380],
      'no-restricted-syntax': ['error', ...restrictedEverywhere, restrictedInServices],
      eqeqeq: 'error',
    },
  },
  {
    files: [
      '**/config.ts',
      'infra/**/*.ts',
      'prisma/scripts/*.ts',
      'prisma/prisma.config.ts',
      'web/vite.config.ts',
    ],
    rules: { 'no-restricted-syntax': ['error', ...restrictedEverywhere] },
  },
  {
    files: ['api/src/**/*.ts', 'workers/src/**/*.ts'],
    ignores: ['**/*.repo.ts', '**/Api.ts', ...tests],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: [
            {
              name: '@maydan/prisma',
              importNames: ['Prisma', 'createPrisma'],
              message:
                'The database is asked in *.repo.ts, and connected to where the service is put together.',
            },
          ],
        },
      ],
    },
  },
  {
    files: tests,
    rules: {
      'no-restricted-syntax': ['error', ...restrictedEverywhere, ...restrictedInTests],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/require-await': 'off',
      // The matchers of expect() are any.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
    },
  },
  {
    files: ['**/*.mjs', '**/*.js'],
    languageOptions: {
      globals: { process: 'readonly', console: 'readonly', URL: 'readonly', Buffer: 'readonly' },
    },
  },
  prettier,
);
