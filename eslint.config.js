import tseslint from 'typescript-eslint';

/** Type-aware strict rules; numeric kernels index typed arrays, so the non-null assertion is theirs alone. */
export default tseslint.config(
  {
    ignores: [
      'node_modules/',
      'dist/',
      'models/',
      'data/',
      'demo-output/',
      '.venv/',
      '**/*.cjs',
      '*.js',
      'bin/',
    ],
  },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true, ignoreVoidOperator: true },
      ],
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
      'max-params': ['error', 4],
      'max-depth': ['error', 4],
      'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }],
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'no-console': 'error',
      'no-empty': ['error', { allowEmptyCatch: false }],
    },
  },
  {
    files: ['test/**', 'conformance/**', 'bench/**', 'demo/**'],
    rules: { 'max-lines-per-function': 'off', 'no-console': 'off', 'max-lines': 'off' },
  },
);
