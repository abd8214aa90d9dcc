"""System 000: ResNet-18 features, LASSO and logistic regression on candidates of CT angiography, with Grad-CAM."""
