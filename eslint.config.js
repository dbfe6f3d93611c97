import js from "@eslint/js";
import globals from "globals";

const size = { max: 80, skipBlankLines: true, skipComments: true };

export default [
  { ignores: ["segxai/*/bundles/**"] },
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2024, sourceType: "module", globals: globals.browser },
    rules: {
      "max-lines-per-function": ["error", size],
      "max-len": ["error", { code: 132 }],
      "max-params": ["error", 7],
      complexity: ["error", 24],
      eqeqeq: ["error", "smart"],
      "no-var": "error",
      "prefer-const": "error",
      "no-shadow": "error",
      "no-implicit-coercion": "error",
      "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "no-restricted-properties": ["error", { property: "innerHTML", message: "Names come from users: set text." }],
    },
  },
  { files: ["**/*.mjs", "**/*.test.js", "eslint.config.js"], languageOptions: { globals: globals.node } },
];
